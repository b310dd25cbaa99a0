/* A graph as arrays, as `flat.py` has it: read off the lines of the tape. */

#ifndef AUTOGRAD_FLAT_H
#define AUTOGRAD_FLAT_H

#include "_tape.h"

enum { UNSEEN, GIVEN, NEEDED };

/* Until all constants are known, they are numbered -1, -2, …, and results follow the inputs. */
typedef struct {
    char *state;    /* of each line, and */
    int32_t *value; /* the number of its value */
    Place *older;   /* what becomes an input because it is older than `since`: lines, */
    uint64_t olders, older_capacity;
    uint64_t since, lowest, highest; /* what is needed lies between these lines; */
    uint64_t steps, edges;           /* so many results and operands */
    int32_t inputs;
    double *constant;
    uint32_t *bucket; /* hashing: at most half of them are the number of a constant, counted from 1 */
    uint64_t constants, buckets;
    int32_t *row; /* by the tag, or by the number of a custom row behind all tags: its place, counted from 1 */
    uint32_t *tag; /* of each row */
    uint64_t rows;
    int failed; /* there is no memory */
} Flattening;

static void flat_begin(Flattening *f, uint64_t since)
{
    memset(f, 0, sizeof *f);
    f->since = since, f->lowest = UINT64_MAX;
    f->state = PyMem_RawCalloc(tape.count + 1, 1);
    f->value = PyMem_RawMalloc((tape.count + 1) * sizeof(int32_t));
    f->failed = f->state == NULL || f->value == NULL;
}

static void flat_end(Flattening *f)
{
    PyMem_RawFree(f->state), PyMem_RawFree(f->value), PyMem_RawFree(f->older);
    PyMem_RawFree(f->constant), PyMem_RawFree(f->bucket), PyMem_RawFree(f->row), PyMem_RawFree(f->tag);
}

static void flat_input(Flattening *f, Place x)
{
    f->state[x] = GIVEN;
    f->value[x] = f->inputs++;
}

static void flat_need_older(Flattening *f, Place x)
{
    if (f->olders == f->older_capacity) {
        f->older_capacity = 2 * f->older_capacity + 64;
        f->failed |= !resized(&f->older, f->older_capacity, sizeof(Place));
    }
    if (!f->failed) {
        f->older[f->olders++] = x;
    }
}

static void flat_need(Flattening *f, Place x)
{
    if (f->state[x] != UNSEEN) {
        return;
    }
    f->state[x] = NEEDED;
    if (tape.lines[x].number < f->since) {
        flat_need_older(f, x);
    }
    else if (!is_leaf(x)) {
        f->lowest = lesser(f->lowest, x);
        f->highest = greater(f->highest, x);
        f->steps++;
        f->edges += edges_of(&tape.lines[x]).count;
    }
}

static inline int flat_is_step(const Flattening *f, uint64_t i)
{
    return f->state[i] == NEEDED && !is_leaf(i) && tape.lines[i].number >= f->since;
}

static int by_age(const void *x, const void *y)
{
    uint64_t a = tape.lines[*(const Place *)x].number, b = tape.lines[*(const Place *)y].number;
    return (a > b) - (a < b);
}

/* Need what the roots need, which are needed already; what is older than `since` becomes inputs, the oldest first. */
static void flat_walk(Flattening *f)
{
    for (uint64_t i = f->highest + 1; i-- > f->lowest && !f->failed;) {
        Edges e = flat_is_step(f, i) ? edges_of(&tape.lines[i]) : (Edges){0};
        for (uint64_t k = 0; k < e.count; k++) {
            if (is_place(e.operand[k])) {
                flat_need(f, e.operand[k]);
            }
        }
    }
    if (f->olders > 0) {
        qsort(f->older, f->olders, sizeof(Place), by_age);
    }
    for (uint64_t k = 0; k < f->olders; k++) {
        flat_input(f, f->older[k]);
    }
}

static inline uint64_t hashed(uint64_t bits, uint64_t buckets)
{
    return (bits * 0x9E3779B97F4A7C15u >> 32) & (buckets - 1);
}

/* Put a constant where it is found again. */
static void flat_keep(Flattening *f, uint64_t constant)
{
    uint64_t bits, h;
    memcpy(&bits, &f->constant[constant], 8);
    for (h = hashed(bits, f->buckets); f->bucket[h] != 0; h = (h + 1) & (f->buckets - 1)) {
    }
    f->bucket[h] = (uint32_t)constant + 1;
}

static int flat_grow(Flattening *f)
{
    uint64_t buckets = f->buckets ? 4 * f->buckets : 256;
    if (!resized(&f->constant, buckets / 2, sizeof(double)) || !resized(&f->bucket, buckets, sizeof(uint32_t))) {
        return 0;
    }
    memset(f->bucket, 0, buckets * sizeof(uint32_t));
    f->buckets = buckets;
    for (uint64_t i = 0; i < f->constants; i++) {
        flat_keep(f, i);
    }
    return 1;
}

/* The number of a constant, of which equal ones are one; 0 and -0 are two. */
static int32_t flat_constant(Flattening *f, double x)
{
    uint64_t bits, found;
    if (2 * (f->constants + 1) > f->buckets && !flat_grow(f)) {
        f->failed = 1;
        return 0;
    }
    x = x != x ? NAN : x;
    memcpy(&bits, &x, 8);
    for (uint64_t h = hashed(bits, f->buckets); (found = f->bucket[h]) != 0; h = (h + 1) & (f->buckets - 1)) {
        if (memcmp(&f->constant[found - 1], &x, 8) == 0) {
            return -(int32_t)found;
        }
    }
    f->constant[f->constants] = x;
    flat_keep(f, f->constants++);
    return -(int32_t)f->constants;
}

/* The number of the value of a line. */
static int32_t flat_value(Flattening *f, Place x)
{
    return f->state[x] == NEEDED && is_leaf(x) ? flat_constant(f, tape.lines[x].data) : f->value[x];
}

/* Make ready for so many custom rows, which have their numbers. */
static void flat_custom(Flattening *f, uint64_t count)
{
    f->row = PyMem_RawCalloc(BUILT_IN_COUNT + count, sizeof(int32_t));
    f->tag = PyMem_RawMalloc((BUILT_IN_COUNT + count) * sizeof(uint32_t));
    f->failed |= f->row == NULL || f->tag == NULL;
}

static uint16_t flat_row(Flattening *f, uint32_t tag)
{
    if (f->row[tag] == 0) {
        f->tag[f->rows] = tag;
        f->row[tag] = (int32_t)++f->rows;
    }
    return (uint16_t)(f->row[tag] - 1);
}

/* Write the steps, once all inputs have their numbers. */
static void flat_write(Flattening *f, uint16_t *step, uint32_t *start, int32_t *operand)
{
    uint32_t end = 0;
    int32_t result = f->inputs;
    const Custom *custom = customs.of;
    *start = 0;
    for (uint64_t i = f->lowest; i <= f->highest; i++) {
        if (flat_is_step(f, i)) {
            Edges e = edges_of(&tape.lines[i]);
            for (uint64_t k = 0; k < e.count; k++) {
                operand[end++] = is_place(e.operand[k]) ? flat_value(f, e.operand[k]) : flat_constant(f, e.partial[k]);
            }
            uint32_t tag = tape.tags[i] & TAG_MASK;
            if (tag == TAG_custom) {
                while (custom->line < i) {
                    custom++;
                }
                tag = BUILT_IN_COUNT + custom->number;
            }
            *step++ = flat_row(f, tag);
            *++start = end;
            f->value[i] = result++;
        }
    }
}

/* Move constants to their place between inputs and results. */
static void flat_settle(const Flattening *f, int32_t *value, uint64_t count)
{
    for (uint64_t k = 0; k < count; k++) {
        int32_t v = value[k];
        value[k] = v < 0 ? f->inputs - 1 - v : v < f->inputs ? v : v + (int32_t)f->constants;
    }
}

#endif
