/* The machine: runs code on one lane, or on tile after tile of a batch, in several threads.

   Sums over lanes are taken in blocks of 1,024, and these added up in order: the result depends on nothing but the
   number of lanes. A run goes in chunks, so that it can be interrupted and needs no more memory for more lanes. */

#ifndef AUTOGRAD_MACHINE_H
#define AUTOGRAD_MACHINE_H

#include "_assemble.h"
#include "_tile.h"

#if defined(__GNUC__)
#define INLINE inline __attribute__((always_inline))
#else
#define INLINE inline
#endif

#if defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12)
#define SHUFFLES 1
#endif

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#define THREADS 1
#endif

/* ── kernels for the vectors of this machine ───────────────────────────────────────────────────────────────────── */

#if defined(__x86_64__) && defined(__GNUC__) && (defined(__clang__) ? __clang_major__ >= 12 : __GNUC__ >= 12)
#define WIDER 1
#include <immintrin.h>
#define LANES(name) name##_of_8
#define VECTOR_BYTES 64
#if defined(__clang__)
#define TARGET __attribute__((target("arch=x86-64-v4")))
#else
#define TARGET __attribute__((target("arch=x86-64-v4,prefer-vector-width=512")))
#endif
#include "_lanes.h"
#define LANES(name) name##_of_4
#define VECTOR_BYTES 32
#define TARGET __attribute__((target("arch=x86-64-v3")))
#include "_lanes.h"
#endif

#define LANES(name) name##_of_2
#define VECTOR_BYTES 16
#define TARGET
#include "_lanes.h"

/* Return the kernels for vectors of so many doubles, or NULL; for 0, those for the longest. */
static const Kernel (*kernels_for(int width))[VARIANTS]
{
#ifdef WIDER
    __builtin_cpu_init();
    if ((width == 0 || width == 8) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512cd")) {
        return KERNELS_of_8;
    }
    if ((width == 0 || width == 4) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
        && __builtin_cpu_supports("bmi2")) {
        return KERNELS_of_4;
    }
#endif
    return width == 0 || width == 2 ? KERNELS_of_2 : NULL;
}

/* ── scalars ───────────────────────────────────────────────────────────────────────────────────────────────────── */

static void add_up_scalars(const Step *step, const uint32_t *lists, double *scalars)
{
    const uint32_t *pair = lists + step->operand[0], *const end = pair + step->operand[1];
    double sum = scalars[VALUE(*pair)];
    for (pair++; pair < end; pair += 2) {
        const double x = scalars[VALUE(pair[0])], y = scalars[VALUE(pair[1])];
        sum += pair[0] & STRONG_BIT ? f_chain(x, y) : x * y;
    }
    scalars[step->out] = sum;
}

static INLINE double product_of(double x, double y, uint32_t kinds)
{
    return kinds & STRONG_KIND ? f_chain(x, y) : x * y;
}

/* Add eight after eight terms of a run to eight sums. */
static INLINE void add_run(double *sums, const double *x, const double *y, uint32_t terms, uint32_t kinds)
{
    const ptrdiff_t move_x = !(kinds & 1), move_y = !(kinds & 2);
    double parts[8];
    memcpy(parts, sums, sizeof parts);
    for (uint32_t k = 0; k < terms; k += 8, x += 8 * move_x, y += 8 * move_y) {
        for (int i = 0; i < 8; i++) {
            parts[i] += product_of(x[i * move_x], y[i * move_y], kinds);
        }
    }
    memcpy(sums, parts, sizeof parts);
}

/* Runs and what is left of them are added up apart, and the initial number, which may be such a sum, is the last: so
   hardly anything waits. All parts begin with -0, which changes nothing that it is added to. */
static void add_up_in_parts(const Step *step, const uint32_t *lists, double *scalars)
{
    double runs[8] = {-0.0, -0.0, -0.0, -0.0, -0.0, -0.0, -0.0, -0.0};
    double others[4] = {-0.0, -0.0, -0.0, -0.0};
    const uint32_t *list = lists + step->operand[0] + 1;
    for (uint32_t k = 0; k < step->operand[1]; k++, list += WORDS_OF_A_RUN) {
        const double *const x = scalars + VALUE(list[0]), *const y = scalars + VALUE(list[1]);
        switch (kinds_of(list)) {
#define RUN_OF(kinds) case kinds: add_run(runs, x, y, list[2], kinds); break;
            RUN_OF(0) RUN_OF(1) RUN_OF(2) RUN_OF(4) RUN_OF(5) RUN_OF(6)
#undef RUN_OF
        }
    }
    for (uint32_t k = 0; k < step->operand[2]; k++, list += 2) {
        others[k % 4] += product_of(scalars[VALUE(list[0])], scalars[VALUE(list[1])], kinds_of(list));
    }
    const double even = (runs[0] + runs[4]) + (runs[2] + runs[6]), odd = (runs[1] + runs[5]) + (runs[3] + runs[7]);
    const double rest = (others[0] + others[2]) + (others[1] + others[3]);
    scalars[step->out] = scalars[VALUE(lists[step->operand[0]])] + ((even + odd) + rest);
}

static void gather_scalars(const Step *step, const uint32_t *lists, const double *scalars, double *operands)
{
    for (uint32_t k = 0; k < step->operand[1]; k++) {
        operands[k] = scalars[VALUE(lists[step->operand[0] + k])];
    }
}

/* Run the steps that are done once. Errors of Python's are left to be found. In a strip, a scalar is a lane of slots that
   overlap: each begins one behind the one before. */
static void run_scalars(const Code *code, const Kernel (*kernels)[VARIANTS], double *scalars, PyObject *const *evaluates)
{
    double *const operands = scalars + code->scalars;
    Tile strip = {.scalars = scalars, .lists = code->lists, .slots = scalars, .lanes = 1};
    const Step *const end = code->scalar_steps + code->scalar_step_count;
    for (const Step *step = code->scalar_steps; step < end; step++) {
        double *const out = scalars + step->out;
        switch (step->tag) {
#define X(k) scalars[step->operand[k]]
#define ONE(NAME) case TAG_##NAME: *out = f_##NAME(X(0)); break;
#define TWO(NAME) case TAG_##NAME: *out = f_##NAME(X(0), X(1)); break;
#define THREE(NAME) case TAG_##NAME: *out = f_##NAME(X(0), X(1), X(2)); break;
            PLAIN_1(ONE) PLAIN_2(TWO) PLAIN_3(THREE) FUSED_2(TWO) FUSED_3(THREE)
#undef X
#undef ONE
#undef TWO
#undef THREE
        case TAG_strip:
            strip.count = (step++)->operand[0];
            kernels[step->tag][step->variant](step, &strip);
            break;
        case TAG_sum:
            add_up_scalars(step, code->lists, scalars);
            break;
        case TAG_sum_in_parts:
            add_up_in_parts(step, code->lists, scalars);
            break;
        case TAG_each_lane:
            gather_scalars(step, code->lists, scalars, operands);
            *out = value_of((int)step->operand[2], operands, step->operand[1]);
            break;
        case TAG_each_lane_python:
            gather_scalars(step, code->lists, scalars, operands);
            *out = call_evaluate(evaluates[step->operand[2]], operands, step->operand[1]);
            break;
        }
    }
}

/* ── batches ───────────────────────────────────────────────────────────────────────────────────────────────────── */

enum { BLOCK = 1024, MOST_THREADS = 64 };
enum { FEWEST_LANES = 64, SLOTS_IN_CACHE = 128 * 1024 }; /* numbers; a tile has more than the fewest only if it fits */
enum { SLOTS_OF_GUARDS = 16 * 1024 }; /* numbers; where lanes leave, few stay, and a step takes its time even for one */
#define STEPS_PER_CHUNK 1e8         /* a few tenths of a second */
#define STEPS_PER_THREAD 1e5        /* less is not worth one */

/* Memory that a run may leave to the next one. */
typedef struct Memory {
    char *begin;
    size_t size;
} Memory;

enum { MOST_KEPT = 1024 * 1024 }; /* bytes */

static void keep_memory(Memory *to, Memory memory)
{
    if (to->begin == NULL && memory.size <= MOST_KEPT) {
        *to = memory;
    } else {
        PyMem_RawFree(memory.begin);
    }
}

static char *have_memory(Memory *memory, size_t size)
{
    if (memory->size < size) {
        PyMem_RawFree(memory->begin);
        memory->begin = PyMem_RawMalloc(size);
        memory->size = memory->begin != NULL ? size : 0;
    }
    return memory->begin;
}

/* A run of a batch. */
typedef struct Batch {
    const Code *code;
    const Kernel (*kernels)[VARIANTS];
    Tile tile;           /* what all tiles have in common */
    ptrdiff_t lanes;
    int threads;
    uint32_t roots;
    const uint8_t *summed; /* per root */
    double *found;       /* the results of sums, in the order of roots; if `mean`, divided by the number of lanes */
    int mean;
    Memory kept;         /* for slots and sums */
    /* what follows is set by run_batch */
    double *totals;      /* per sum */
    ptrdiff_t unit;      /* lanes that a thread takes at a time */
    ptrdiff_t end;       /* of the chunk, in units */
    ptrdiff_t next;      /* the next unit, taken atomically */
    ptrdiff_t begin;     /* of the chunk, in units */
    double *partial;     /* per unit of the chunk and sum */
    char *room;          /* per thread: slots and sums */
    size_t room_each;
} Batch;

typedef struct Worker {
    Batch *batch;
    int number;
} Worker;

static void run_tile(const Batch *batch, Tile *tile)
{
    const Step *const end = batch->code->steps + batch->code->step_count;
    for (const Step *step = batch->code->steps; step < end; step++) {
        if (step->tag < TAG_loaded) {
            batch->kernels[step->tag][step->variant](step, tile);
        } else if (step->tag == TAG_leave && !leave(step, tile)) {
            return;
        }
    }
}

static void run_guards(const Batch *batch, Tile *tile)
{
    begin_guards(tile);
    run_tile(batch, tile);
    note_guards(tile);
}

/* Run a block, and add its eights of sums up. */
static void run_unit(const Batch *batch, Tile *tile, ptrdiff_t unit)
{
    const ptrdiff_t begin = unit * batch->unit, rest = batch->lanes - begin;
    const ptrdiff_t end = begin + (rest < batch->unit ? rest : batch->unit);
    const uint32_t sums = batch->code->sums;
    for (tile->first = begin; tile->first < end; tile->first += tile->lanes) {
        tile->begins = tile->first == begin;
        tile->count = end - tile->first < tile->lanes ? end - tile->first : tile->lanes;
        (tile->mismatch ? run_guards : run_tile)(batch, tile);
    }
    batch->kernels[TAG_add_eights][0](&(Step){.operand = {sums}}, tile);
    memcpy(batch->partial + (size_t)(unit - batch->begin) * sums, tile->sums, sums * sizeof *tile->sums);
}

static inline ptrdiff_t take_unit(Batch *batch)
{
#ifdef THREADS
    return __atomic_fetch_add(&batch->next, 1, __ATOMIC_RELAXED);
#else
    return batch->next++;
#endif
}

static void *work(void *argument)
{
    Batch *const batch = ((Worker *)argument)->batch;
    char *const room = batch->room + (size_t)((Worker *)argument)->number * batch->room_each;
    Tile tile = batch->tile;
    tile.sums = (double *)room;
    tile.operands = tile.sums + in_eights(8 * (ptrdiff_t)batch->code->sums);
    tile.slots = tile.operands + in_eights(batch->code->longest_list);
    tile.found = tile.slots + (size_t)(batch->code->slots + 1) * (size_t)tile.lanes;
    tile.staying = (int32_t *)(tile.found + tile.lanes);
    for (ptrdiff_t unit; (unit = take_unit(batch)) < batch->end;) {
        run_unit(batch, &tile, unit);
    }
    return NULL;
}

/* Run a chunk. A thread that cannot be had is done without. */
static void run_chunk(Batch *batch)
{
#ifdef THREADS
    pthread_t threads[MOST_THREADS];
    Worker workers[MOST_THREADS];
    int started = 0;
    for (int i = 1; i < batch->threads; i++) {
        workers[i] = (Worker){batch, i};
        if (pthread_create(&threads[started], NULL, work, &workers[i]) != 0) {
            break;
        }
        started++;
    }
#endif
    work(&(Worker){batch, 0});
#ifdef THREADS
    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
#endif
    for (ptrdiff_t unit = batch->begin; unit < batch->end; unit++) {
        for (uint32_t k = 0; k < batch->code->sums; k++) {
            batch->totals[k] += batch->partial[(size_t)(unit - batch->begin) * batch->code->sums + k];
        }
    }
}

static inline ptrdiff_t divided(ptrdiff_t count, ptrdiff_t by) { return (count + by - 1) / by; }

static ptrdiff_t lanes_that_fit(const Batch *batch)
{
    const ptrdiff_t slots = batch->code->slots ? batch->code->slots : 1;
    if (batch->tile.mismatch && slots * FEWEST_LANES * 2 < SLOTS_OF_GUARDS) {
        return slots * BLOCK < SLOTS_OF_GUARDS ? BLOCK : SLOTS_OF_GUARDS / slots;
    }
    return slots * FEWEST_LANES * 2 < SLOTS_IN_CACHE ? 2 * FEWEST_LANES : FEWEST_LANES;
}

/* Choose tiles that keep the slots in the cache, all of about the same size, a unit being a whole number of them. */
static void choose_tiles(Batch *batch, ptrdiff_t most)
{
    const ptrdiff_t fit = most ? most : lanes_that_fit(batch);
    batch->unit = batch->lanes > BLOCK ? BLOCK : batch->lanes > 0 ? batch->lanes : 1;
    batch->tile.lanes = in_eights(divided(batch->unit, divided(batch->unit, fit)));
    if (batch->code->sums == 0 && batch->lanes < (ptrdiff_t)batch->threads * BLOCK) {
        batch->unit = batch->tile.lanes;
    } else if (batch->unit > batch->tile.lanes && batch->code->sums == 0) {
        batch->unit = batch->unit / batch->tile.lanes * batch->tile.lanes;
    }
}

typedef enum Outcome { DONE, RAISED, NO_MEMORY } Outcome;

/* Run all chunks; between two, look whether somebody wants to interrupt. Called with the interpreter. */
static Outcome run_chunks(Batch *batch, ptrdiff_t units, ptrdiff_t chunk, PyThreadState **python)
{
    for (batch->begin = 0; batch->begin < units; batch->begin = batch->end) {
        batch->end = units - batch->begin < chunk ? units : batch->begin + chunk;
        batch->next = batch->begin;
        *python = PyEval_SaveThread();
        run_chunk(batch);
        PyEval_RestoreThread(*python);
        *python = NULL;
        if (PyErr_Occurred() || PyErr_CheckSignals() != 0) {
            return RAISED;
        }
    }
    return DONE;
}

/* Return the sum of a root over all lanes. */
static inline double sum_of(const Batch *batch, uint32_t root)
{
    const uint32_t result = batch->code->results[root], apart = batch->code->apart[root];
    const double sum = result == NONE ? 0.0 : batch->totals[result];
    return apart == NONE || batch->lanes == 0 ? sum : sum + (double)batch->lanes * batch->tile.scalars[apart];
}

static void write_sums(const Batch *batch)
{
    double *const found = batch->found;
    ptrdiff_t count = 0;
    for (uint32_t i = 0; i < batch->roots; i++) {
        if (batch->summed[i]) {
            found[count++] = sum_of(batch, i);
        }
    }
    for (ptrdiff_t i = 0; batch->mean && i < count; i++) {
        found[i] /= (double)batch->lanes;
    }
}

/* Run a batch; `most` lanes to a tile, 0 for as many as are best. */
static Outcome run_batch(Batch *batch, ptrdiff_t most)
{
    const Code *code = batch->code;
    PyThreadState *python = NULL;
    choose_tiles(batch, most);
    const ptrdiff_t units = divided(batch->lanes, batch->unit);
    const double steps = (double)batch->lanes * (code->step_count + 1.0), chunks = steps / STEPS_PER_CHUNK;
    const ptrdiff_t chunk = chunks < 1.0 ? units : units / (ptrdiff_t)(chunks + 1.0) + 1;
    batch->threads = batch->threads > 1 ? batch->threads : 1;
    const double worth = steps / STEPS_PER_THREAD;
    batch->threads = code->calls_python || worth < 2.0 ? 1 : worth < batch->threads ? (int)worth : batch->threads;
    batch->threads = chunk < batch->threads ? (int)chunk : batch->threads; /* at most one per unit */
    const size_t doubles = (size_t)in_eights(8 * (ptrdiff_t)batch->code->sums) + (size_t)in_eights(code->longest_list)
                           + (size_t)(code->slots + 3) * (size_t)batch->tile.lanes; /* the last two for guards */
    batch->room_each = doubles * sizeof(double);
    const size_t of_threads = (size_t)batch->threads * batch->room_each;
    const size_t of_sums = (size_t)(chunk + 1) * batch->code->sums * sizeof(double);
    char *const room = have_memory(&batch->kept, of_threads + of_sums + CACHE_LINE);
    Outcome outcome = NO_MEMORY;
    if (room != NULL) {
        batch->room = room + (CACHE_LINE - (uintptr_t)room % CACHE_LINE) % CACHE_LINE;
        batch->partial = (double *)(batch->room + of_threads);
        batch->tile.python = &python;
        batch->totals = batch->partial + (size_t)chunk * batch->code->sums;
        memset(batch->totals, 0, batch->code->sums * sizeof(double));
        outcome = run_chunks(batch, units, chunk, &python);
        write_sums(batch);
    }
    return outcome;
}

#endif
