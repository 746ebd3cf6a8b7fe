// SPDX-License-Identifier: GPL-3.0-or-later

// A peer of libopendht-c with as much of dhtnode's console as the tests use:
//
//	peer [-n NETWORK] [-b HOST:PORT] [--certificate FILE --privkey FILE]
//
//	p KEY TEXT    put; pp permanently, s signed
//	g KEY         get
//	l KEY         listen
//
// Where dhtnode shows a certificate with all its parts, it shows the key's ids.
#define _GNU_SOURCE
#include <getopt.h>
#include <opendht/opendht_c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] = "text/plain";

struct file {
	uint8_t *data;
	size_t size;
};

static void fail(const char *what, const char *which)
{
	fprintf(stderr, "peer: %s: %s\n", what, which);
	exit(1);
}

static struct file read_file(const char *path)
{
	struct file f = {NULL, 0};
	FILE *in = fopen(path, "r");
	if (!in || getdelim((char **)&f.data, &f.size, EOF, in) < 0)
		fail("reading", path);
	f.size = strlen((char *)f.data);
	fclose(in);
	return f;
}

static dht_infohash hash_of(const char *word)
{
	dht_infohash h;
	if (strspn(word, "0123456789abcdef") == 2 * sizeof h.d && strlen(word) == 2 * sizeof h.d)
		dht_infohash_from_hex(&h, word);
	else
		dht_infohash_get_from_string(&h, word);
	return h;
}

static void show_certificate(dht_data_view data)
{
	// It is packed as bytes.
	const char begin[] = "-----BEGIN";
	const uint8_t *pem = memmem(data.data, data.size, begin, sizeof begin - 1);
	dht_certificate *c = pem ? dht_certificate_import(pem, data.size - (pem - data.data)) : NULL;
	if (!c) {
		printf("\t%zu bytes\n", data.size);
		return;
	}
	dht_infohash id = dht_certificate_get_id(c);
	dht_publickey *key = dht_certificate_get_publickey(c);
	dht_pkid long_id = dht_publickey_get_long_id(key);
	flockfile(stdout);
	printf("\tcertificate of %s", dht_infohash_print(&id));
	printf(" %s\n", dht_pkid_print(&long_id));
	funlockfile(stdout);
	dht_publickey_delete(key);
	dht_certificate_delete(c);
}

static bool show(const dht_value *value, void *context)
{
	(void)context;
	dht_data_view data = dht_value_get_data(value);
	if (strcmp(dht_value_get_user_type(value), text) == 0)
		printf("\tdata(%s):\"%.*s\"\n", text, (int)data.size, (const char *)data.data);
	else
		show_certificate(data);
	return true;
}

static bool tell(const dht_value *value, bool expired, void *context)
{
	return expired || show(value, context);
}

static void end_get(bool ok, void *context)
{
	(void)context;
	printf("Get: %s\n", ok ? "completed" : "failure");
}

static void end_put(bool ok, void *context)
{
	printf("%s: %s\n", (const char *)context, ok ? "success" : "failure");
}

static void put(dht_runner *runner, const char *command, const dht_infohash *key, const char *data)
{
	dht_value *value = dht_value_new((const uint8_t *)data, strlen(data));
	dht_value_set_user_type(value, text);
	if (strcmp(command, "s") == 0)
		dht_runner_put_signed(runner, key, value, end_put, "Put signed", false);
	else
		dht_runner_put(runner, key, value, end_put, "Put", strcmp(command, "pp") == 0);
	dht_value_unref(value);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"certificate", required_argument, NULL, 'c'}, {"privkey", required_argument, NULL, 'k'}, {NULL, 0, NULL, 0}};
	dht_runner_config config;
	dht_runner_config_default(&config);
	char *node = NULL;
	for (int option; (option = getopt_long(argc, argv, "n:b:", options, NULL)) != -1;) {
		struct file pem;
		switch (option) {
		case 'n':
			config.dht_config.node_config.network = strtoul(optarg, NULL, 10);
			break;
		case 'b':
			node = optarg;
			break;
		case 'c':
			pem = read_file(optarg);
			if (!(config.dht_config.id.certificate = dht_certificate_import(pem.data, pem.size)))
				fail("certificate", optarg);
			break;
		case 'k':
			pem = read_file(optarg);
			if (!(config.dht_config.id.privatekey = dht_privatekey_import(pem.data, pem.size, "")))
				fail("key", optarg);
			break;
		default:
			return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	dht_runner *runner = dht_runner_new();
	if (dht_runner_run_config(runner, 0, &config) != 0)
		fail("starting", "no socket");
	char *port = node ? strrchr(node, ':') : NULL;
	if (port) {
		*port++ = '\0';
		dht_runner_bootstrap(runner, node, port);
	}
	dht_infohash id = dht_runner_get_node_id(runner);
	printf("OpenDHT node %s running on port %u\n", dht_infohash_print(&id), dht_runner_get_bound_port(runner, AF_INET));

	char *line = NULL;
	for (size_t size = 0; getline(&line, &size, stdin) > 0;) {
		const char *command = strtok(line, " \n"), *word = strtok(NULL, " \n"), *data = strtok(NULL, " \n");
		if (!command || !word)
			continue;
		dht_infohash key = hash_of(word);
		if (strcmp(command, "g") == 0)
			dht_runner_get(runner, &key, show, end_get, NULL);
		else if (strcmp(command, "l") == 0 && dht_runner_listen(runner, &key, tell, NULL, NULL))
			printf("Listening\n");
		else if (data)
			put(runner, command, &key, data);
	}
	// Without the library's own end: whoever leaves is gone at once.
	_Exit(0);
}
