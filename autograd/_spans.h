/* Spans: scalars that stand one after the other, copied from and to columns in one piece. */

#ifndef AUTOGRAD_SPANS_H
#define AUTOGRAD_SPANS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A column of numbers, one per lane: `stride` bytes apart, 0 if it is the same number for all. */
typedef struct Column {
    char *data;
    ptrdiff_t stride;
} Column;

typedef struct Span {
    uint32_t place, count;
} Span;

typedef struct Spans {
    Span *all;
    uint32_t spans, numbers;
} Spans;

/* Put a place behind the others; there has to be room for one more span. */
static inline void add_place(Spans *to, uint32_t place)
{
    Span *last = to->spans > 0 ? &to->all[to->spans - 1] : NULL;
    if (last != NULL && last->place + last->count == place) {
        last->count++;
    } else {
        to->all[to->spans++] = (Span){place, 1};
    }
    to->numbers++;
}

static inline void copy_numbers(char *to, ptrdiff_t to_stride, const char *from, ptrdiff_t from_stride, uint32_t count)
{
    const ptrdiff_t size = sizeof(double);
    if (count > 1 && to_stride == size && from_stride == size) {
        memcpy(to, from, count * sizeof(double));
        return;
    }
    for (uint32_t k = 0; k < count; k++, to += to_stride, from += from_stride) {
        memcpy(to, from, sizeof(double));
    }
}

/* Copy a column to where the spans are. */
static void set_spans(const Spans *to, double *scalars, Column from)
{
    for (const Span *span = to->all; span < to->all + to->spans; span++) {
        copy_numbers((char *)(scalars + span->place), sizeof(double), from.data, from.stride, span->count);
        from.data += from.stride * (ptrdiff_t)span->count;
    }
}

/* Copy what is where the spans are to a column. */
static void get_spans(const Spans *from, const double *scalars, Column to)
{
    for (const Span *span = from->all; span < from->all + from->spans; span++) {
        copy_numbers(to.data, to.stride, (const char *)(scalars + span->place), sizeof(double), span->count);
        to.data += to.stride * (ptrdiff_t)span->count;
    }
}

#endif
