/* Custom rows: primitives that are not of the library, users' own and those of kernels' nodes.

   A line of the tape that was made with one owns it, for as long as the line lives. Letting go of a row may run any
   Python code, which would find the tape half changed: so what lines drop is kept until `release_dropped`. */

#ifndef AUTOGRAD_CUSTOM_H
#define AUTOGRAD_CUSTOM_H

#include <Python.h>
#include <stdint.h>

#define MOST_IDLE 4096 /* rows for which memory is kept while there are none */

typedef struct {
    PyObject *row;
    uint32_t line;
    uint32_t number; /* that tells it from others, while a graph is written down */
} Custom;

typedef struct {
    Custom *of; /* in the order of the lines */
    PyObject **dropped;
    uint64_t count, dropped_count, capacity; /* of both together, so that dropping needs no memory */
    uint64_t due;                            /* where to look for rows that can be dropped */
    int releasing;
} Customs;

static Customs customs;

static void release_custom_memory(void)
{
    PyMem_RawFree(customs.of), PyMem_RawFree(customs.dropped);
    customs.of = NULL, customs.dropped = NULL, customs.capacity = 0;
}

/* Have room for one row more: 0 if there is no memory. */
static int reserve_custom(void)
{
    if (customs.count + customs.dropped_count < customs.capacity) {
        return 1;
    }
    uint64_t capacity = 2 * customs.capacity + 64;
    Custom *of = PyMem_RawRealloc(customs.of, capacity * sizeof(Custom));
    customs.of = of != NULL ? of : customs.of;
    PyObject **dropped = PyMem_RawRealloc(customs.dropped, capacity * sizeof(PyObject *));
    customs.dropped = dropped != NULL ? dropped : customs.dropped;
    if (of == NULL || dropped == NULL) {
        return 0;
    }
    customs.capacity = capacity;
    return 1;
}

/* Have the last line own a row, for which there is room. */
static void own_custom(uint32_t line, PyObject *row)
{
    customs.of[customs.count++] = (Custom){Py_NewRef(row), line, 0};
}

/* The row of a line, borrowed. */
static PyObject *custom_at(uint32_t line)
{
    uint64_t low = 0, high = customs.count;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        *(customs.of[middle].line <= line ? &low : &high) = middle;
    }
    return customs.of[low].row;
}

/* Drop the rows of lines that were not reached; one bit a line. */
static void drop_custom(const uint64_t *reached)
{
    uint64_t kept = 0;
    for (uint64_t k = 0; k < customs.count; k++) {
        Custom custom = customs.of[k];
        if (reached[custom.line / 64] >> (custom.line % 64) & 1) {
            customs.of[kept++] = custom;
        }
        else {
            customs.dropped[customs.dropped_count++] = custom.row;
        }
    }
    customs.count = kept;
}

static void drop_every_custom(void)
{
    while (customs.count > 0) {
        customs.dropped[customs.dropped_count++] = customs.of[--customs.count].row;
    }
}

/* Follow the lines, which have been moved. */
static void move_custom(const uint32_t *moved)
{
    for (uint64_t k = 0; k < customs.count; k++) {
        customs.of[k].line = moved[customs.of[k].line];
    }
}

/* Let go of what was dropped. What runs meanwhile may drop more, which is let go of here as well. */
static void release_dropped(void)
{
    if (customs.releasing) {
        return;
    }
    customs.releasing = 1;
    while (customs.dropped_count > 0) {
        Py_DECREF(customs.dropped[--customs.dropped_count]);
    }
    customs.releasing = 0;
    if (customs.count == 0 && customs.capacity > MOST_IDLE) {
        release_custom_memory();
    }
}

#endif
