/* A tile: a few dozen lanes of a run, so few that the slots of a program stay in the cache. */

#ifndef AUTOGRAD_TILE_H
#define AUTOGRAD_TILE_H

#include <stddef.h>
#include "_code.h"

typedef struct Tile {
    const double *scalars;
    const uint32_t *lists;
    double *slots;
    ptrdiff_t lanes;          /* room in each slot, a multiple of 8 */
    ptrdiff_t first, count;   /* the lanes of the run that are in this tile */
    const int64_t *selection; /* where they stand in the columns; NULL if one after the other, from … */
    ptrdiff_t offset;         /* … here on */
    const Column *columns, *outs;
    double *sums;             /* eight per sum, … */
    int begins;               /* … none of which has been begun before the first tile */
    int32_t *mismatch;        /* per lane of the run; NULL if there are no guards to be checked */
    uint32_t guards;
    const uint8_t *outcomes;  /* of the guards */
    double *found;            /* per lane of the tile the first guard it answers otherwise; their number if none yet */
    int32_t *staying, *places; /* per lane of the tile: room; and where it stood at first, NULL while none has left */
    PyObject *const *evaluates; /* per row that each_lane_python asks */
    PyThreadState **python;   /* of the thread that gave the interpreter away; it points to NULL where nobody has */
    double *operands;         /* of one lane, for each_lane */
} Tile;

typedef void (*Kernel)(const Step *step, const Tile *tile);

enum { CACHE_LINE = 64 };
#if defined(__GNUC__)
#define PREFETCH(address) __builtin_prefetch(address, 0, 2) /* from the second cache on: slots will fill the first */
#else
#define PREFETCH(address) ((void)(address))
#endif

/* Of a loop: that no turn needs what another one writes; that it has few turns, whose number the compiler knows. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#define UNROLLED _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#define UNROLLED _Pragma("GCC unroll 8")
#else
#define INDEPENDENT
#define UNROLLED
#endif

static inline ptrdiff_t in_eights(ptrdiff_t count) { return (count + 7) & -8; }

static inline double *slot(const Tile *tile, uint32_t place) { return tile->slots + (ptrdiff_t)place * tile->lanes; }

static inline const double *direct(const Step *step, const Tile *tile, int k, int variant)
{
    return variant >> k & 1 ? tile->scalars + step->operand[k] : slot(tile, step->operand[k]);
}

static inline const double *listed(const Tile *tile, uint32_t operand, ptrdiff_t i)
{
    return operand & SCALAR_BIT ? tile->scalars + (operand & ~SCALAR_BIT) : slot(tile, operand) + i;
}

/* What is to be known of a pair of factors: bits 0 and 1 for those that are scalars, bit 2 for a chain. */
enum { STRONG_KIND = 4 };

static inline uint32_t kinds_of(const uint32_t *pair)
{
    return pair[0] >> 31 | pair[1] >> 31 << 1 | (pair[0] & STRONG_BIT ? STRONG_KIND : 0);
}

/* ── columns ───────────────────────────────────────────────────────────────────────────────────────────────────── */

static inline char *place_in(const Tile *tile, Column column, ptrdiff_t i)
{
    const ptrdiff_t lane = tile->first + (tile->places ? tile->places[i] : i);
    return column.data + column.stride * (tile->selection ? (ptrdiff_t)tile->selection[lane] : tile->offset + lane);
}

/* Lanes beyond the last one are given its number, for they are computed, too. */
static void load(const Step *step, const Tile *tile)
{
    const Column column = tile->columns[step->operand[0]];
    double *const out = slot(tile, step->out);
    const ptrdiff_t count = tile->count;
    if (tile->selection != NULL || tile->places != NULL) {
        for (ptrdiff_t i = 0; i < count; i++) {
            const char *const from = place_in(tile, column, i);
            PREFETCH(from + CACHE_LINE); /* of the columns behind it, where lanes are rows */
            memcpy(out + i, from, sizeof *out);
        }
    } else if (column.stride == sizeof *out) {
        const char *const from = place_in(tile, column, 0);
        for (ptrdiff_t i = 0; i < count; i += CACHE_LINE / (ptrdiff_t)sizeof *out) {
            PREFETCH(from + (count + i) * (ptrdiff_t)sizeof *out); /* of the next tile */
        }
        memcpy(out, from, (size_t)count * sizeof *out);
    } else {
        const char *from = place_in(tile, column, 0);
        for (ptrdiff_t i = 0; i < count; i++, from += column.stride) {
            PREFETCH(from + CACHE_LINE);
            memcpy(out + i, from, sizeof *out);
        }
    }
    for (ptrdiff_t i = count; i < in_eights(count); i++) {
        out[i] = out[count - 1];
    }
}

/* Whether the columns of this step and those behind it stand side by side, so that each lane is a row. */
static inline int are_rows(const Step *step, const Tile *tile)
{
    const Column first = tile->columns[step->operand[0]];
    for (uint32_t k = 1; k < step->operand[1]; k++) {
        const Column column = tile->columns[step[k].operand[0]];
        if (column.data != first.data + k * sizeof(double) || column.stride != first.stride) {
            return 0;
        }
    }
    return 1;
}

/* Ask for what stands behind the columns loaded together, in some lanes: each of them takes its turn. Behind the last
   columns of a table the next row begins, so it is the next tile that is asked for. */
static void fetch(const Step *step, const Tile *tile)
{
    const Column column = tile->columns[step->operand[0]];
    const ptrdiff_t turn = step->operand[1], turns = step->operand[2];
    const ptrdiff_t behind = turns == MOST_LOADED ? 0 : column.stride * tile->lanes;
    const ptrdiff_t end = behind + (turns + MOST_LOADED - 1 - turn) * (ptrdiff_t)sizeof(double);
    if (column.stride == sizeof(double)) {
        return;
    }
    if (tile->selection == NULL && tile->places == NULL) {
        const char *from = place_in(tile, column, turn) + end;
        for (ptrdiff_t i = turn; i < tile->count; i += turns, from += turns * column.stride) {
            PREFETCH(from);
        }
    } else {
        for (ptrdiff_t i = turn; i < tile->count; i += turns) {
            PREFETCH(place_in(tile, column, i) + end);
        }
    }
}

static void store(const Step *step, const Tile *tile)
{
    const Column column = tile->outs[step->out];
    const double *const x = slot(tile, step->operand[0]);
    for (ptrdiff_t i = 0; i < tile->count; i++) {
        memcpy(place_in(tile, column, i), x + i, sizeof *x);
    }
}

/* ── guards ────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void begin_guards(Tile *tile)
{
    tile->places = NULL;
    for (ptrdiff_t i = 0; i < tile->lanes; i++) {
        tile->found[i] = (double)tile->guards;
    }
}

/* Write down what has been found so far of the lanes that are still here. */
static void note_guards(const Tile *tile)
{
    for (ptrdiff_t i = 0; i < tile->count; i++) {
        tile->mismatch[tile->first + (tile->places ? tile->places[i] : i)] = (int32_t)tile->found[i];
    }
}

/* If three quarters of the vectors will do, those lanes leave of which it is known which guard they answer otherwise
   first, and the others close up, in all slots that are in use. Return whether any stay. */
static int leave(const Step *step, Tile *tile)
{
    const double checked = (double)step->out;
    const uint32_t *const slots = tile->lists + step->operand[0];
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < tile->count; i++) {
        count += tile->found[i] >= checked;
    }
    if (4 * in_eights(count) > 3 * in_eights(tile->count)) {
        return 1;
    }
    note_guards(tile);
    count = 0;
    for (ptrdiff_t i = 0; i < tile->count; i++) {
        tile->staying[count] = (int32_t)i;
        count += tile->found[i] >= checked;
    }
    for (uint32_t k = 0; k <= step->operand[1]; k++) {
        double *const x = k < step->operand[1] ? slot(tile, slots[k]) : tile->found;
        for (ptrdiff_t i = 0; i < count; i++) {
            x[i] = x[tile->staying[i]];
        }
    }
    int32_t *const places = tile->staying + tile->lanes;
    for (ptrdiff_t i = 0; i < count; i++) {
        places[i] = tile->places ? places[tile->staying[i]] : tile->staying[i];
    }
    tile->places = places;
    tile->count = count;
    return count > 0;
}

/* ── lane by lane ──────────────────────────────────────────────────────────────────────────────────────────────── */

static inline double value_of(int tag, const double *x, Py_ssize_t n)
{
    return ROWS[tag].fixed != NULL ? ROWS[tag].fixed(x, 0, NULL) : ROWS[tag].many(x, n, NULL);
}

static inline void gather_lane(const Step *step, const Tile *tile, ptrdiff_t i)
{
    const uint32_t *const list = tile->lists + step->operand[0];
    for (uint32_t k = 0; k < step->operand[1]; k++) {
        tile->operands[k] = *listed(tile, list[k], i);
    }
}

static void each_lane(const Step *step, const Tile *tile)
{
    double *const out = slot(tile, step->out);
    for (ptrdiff_t i = 0; i < in_eights(tile->count); i++) {
        gather_lane(step, tile, i);
        out[i] = value_of((int)step->operand[2], tile->operands, step->operand[1]);
    }
}

/* Once an error is set, nothing more is asked. */
static void each_lane_python(const Step *step, const Tile *tile)
{
    double *const out = slot(tile, step->out);
    PyThreadState *const given_away = *tile->python;
    if (given_away != NULL) {
        PyEval_RestoreThread(given_away);
    }
    for (ptrdiff_t i = 0; i < tile->count; i++) {
        gather_lane(step, tile, i);
        out[i] = call_evaluate(tile->evaluates[step->operand[2]], tile->operands, step->operand[1]);
    }
    for (ptrdiff_t i = tile->count; i < in_eights(tile->count); i++) {
        out[i] = out[tile->count - 1];
    }
    if (given_away != NULL) {
        *tile->python = PyEval_SaveThread();
    }
}

#endif
