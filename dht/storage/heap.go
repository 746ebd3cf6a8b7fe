// SPDX-License-Identifier: GPL-3.0-or-later

package storage

// ordered is a heap, for package container/heap, of elements that know their
// place in it. It implements heap.Interface.
type ordered[T any] struct {
	elements []T
	less     func(a, b T) bool
	place    func(T) *int32
}

func (o *ordered[T]) Len() int           { return len(o.elements) }
func (o *ordered[T]) Less(i, j int) bool { return o.less(o.elements[i], o.elements[j]) }

func (o *ordered[T]) Swap(i, j int) {
	e := o.elements
	e[i], e[j] = e[j], e[i]
	*o.place(e[i]), *o.place(e[j]) = int32(i), int32(j)
}

func (o *ordered[T]) Push(x any) {
	element := x.(T)
	*o.place(element) = int32(len(o.elements))
	o.elements = append(o.elements, element)
}

func (o *ordered[T]) Pop() any {
	last := len(o.elements) - 1
	element := o.elements[last]
	o.elements = cut(o.elements, last)
	return element
}
