/* The tape: every computed number is a line of it, in the order in which they were computed.

   A `Value` is a *handle* to a line. Operands stand before results, so the order of the lines is a topological order,
   and the reverse sweep is one loop from a line towards the beginning.

   A line knows its handle, but does not keep it alive; neither do results keep the handles of their operands. So a line
   lives for as long as somebody can ask for it:
   - when the tape has doubled, `compact` drops the lines that no living handle needs, and renumbers the others;
   - when the last handle of a computed number is gone, the tape is empty again: a new *epoch* begins.
   Leaves keep their state in their handles, and take a line only while something computed from them may need it.

   Nothing in this file but `make_room_for_custom` runs Python code, so the tape cannot change under the hands of a
   function. */

#ifndef AUTOGRAD_TAPE_H
#define AUTOGRAD_TAPE_H

#include <Python.h>
#include <stdint.h>
#include <string.h>

#ifndef _WIN32
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "_custom.h"
#include "_kernels.h"

#if defined(__GNUC__)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define INLINE inline __attribute__((always_inline))
#else
#define UNLIKELY(condition) (condition)
#define INLINE inline
#endif

typedef uint32_t Place; /* the number of a line on the tape, or one of these: */
#define LAST_PLACE 0xFFFFFFF0u
#define NO_OPERAND 0xFFFFFFFFu
#define CONSTANT 0xFFFFFFFEu /* the operand is a float: it stands where the partial would */
#define MANY 0xFFFFFFFDu     /* the operands stand among the edges */

#define FIRST_COMPACTION 32768  /* lines, or edges: below that, looking for what can be dropped is not worth while */
#define FEW_CUSTOM 64           /* rows, which may be large: as many wait to be dropped, and one more for each */
#define LINES_PER_CUSTOM 256    /* lines, which have to be looked at */
#define KEPT_CAPACITY (1 << 18) /* lines for which an empty tape keeps its memory as its own */
#define PATIENCE (1 << 20)      /* lines swept before somebody may interrupt */

typedef struct {
    uint64_t number;  /* how many Values were made before it */
    uint64_t epoch;   /* of the tape on which it has a line; 0 for none */
    double data;
    double grad;      /* of a leaf; that of a computed number is its line's adjoint */
    uint64_t changed; /* of a leaf: the number that a Value made at its last change would have */
    PyObject *label;  /* a str, or NULL */
    Place place;
    uint32_t computed;
} Handle;

typedef struct {
    double data;
    uint64_t number;
    union {
        Handle *handle;  /* borrowed; NULL when it is gone */
        PyObject *label; /* owned: with the flag LABELLED, the label of a handle that is gone */
    };
    union {
        double partial[2];
        struct {
            uint64_t first, count;
        } edges; /* where operand[0] is MANY */
        struct {
            double grad;
            uint64_t changed;
        } leaf; /* where operand[0] is NO_OPERAND: its state when its handle is gone */
    };
    Place operand[2];
} Line;

/* beside each line: the tag of its primitive, and */
#define OUTDATED 0x8000 /* a copy of something whose operands were changed after it was computed */
#define LABELLED 0x4000
#define LEAF 0x2000 /* instead of a tag */
#define TAG_MASK 0x1FFF
#define TAG_custom TAG_MASK /* the line owns its row */

typedef struct {
    Line *lines;
    uint16_t *tags;
    double *adjoint;   /* as the last sweeps left them; of lines from `swept` on, 0 */
    uint64_t *reached; /* one bit a line; all 0 but during a walk */
    Place *touched;    /* leaves that the sweep in progress has reached */
    double *partial;   /* edges of the nodes with more than two operands: partials, and */
    Place *operand;    /* operands */
    uint64_t count, capacity, adjoint_capacity, swept;
    uint64_t edges, edge_capacity;
    uint64_t limit, edge_limit; /* where to make room */
    uint64_t due, edges_due;    /* where to compact */
    uint64_t leaves, touched_capacity; /* lines of leaves */
    uint64_t labelled;                 /* lines with that flag */
    uint64_t living;                   /* handles of computed numbers */
    uint64_t pinned;                   /* sweeps that record: until they end, lines stay where they are */
    uint64_t next_number, epoch;
} Tape;

static Tape tape = {.epoch = 1, .due = FIRST_COMPACTION, .edges_due = FIRST_COMPACTION};

/* ── memory ─────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int resized(void *array, uint64_t length, size_t size)
{
    void *moved = PyMem_RawRealloc(*(void **)array, length * size);
    if (moved == NULL) {
        return 0;
    }
    *(void **)array = moved;
    return 1;
}

static uint64_t words(uint64_t lines) { return (lines + 63) / 64; }

static int reserve_lines(uint64_t lines)
{
    uint64_t old = tape.capacity, capacity = old ? old : 64;
    while (capacity < lines) {
        capacity *= 2;
    }
    if (lines > LAST_PLACE || !resized(&tape.lines, capacity, sizeof(Line)) ||
        !resized(&tape.tags, capacity, sizeof(uint16_t)) || !resized(&tape.reached, words(capacity), 8)) {
        return 0;
    }
    memset(tape.reached + words(old), 0, 8 * (words(capacity) - words(old)));
    tape.capacity = capacity;
    return 1;
}

static int reserve_edges(uint64_t edges)
{
    uint64_t capacity = tape.edge_capacity ? tape.edge_capacity : 64;
    while (capacity < edges) {
        capacity *= 2;
    }
    if (!resized(&tape.partial, capacity, sizeof(double)) || !resized(&tape.operand, capacity, sizeof(Place))) {
        return 0;
    }
    tape.edge_capacity = capacity;
    return 1;
}

/* Have an adjoint for each line before `end`. */
static int reserve_adjoints(uint64_t end)
{
    if (end > tape.adjoint_capacity) {
        if (!resized(&tape.adjoint, tape.capacity, sizeof(double))) {
            return 0;
        }
        tape.adjoint_capacity = tape.capacity;
    }
    if (end > tape.swept) {
        memset(tape.adjoint + tape.swept, 0, 8 * (end - tape.swept));
        tape.swept = end;
    }
    return 1;
}

static int reserve_touched(void)
{
    if (tape.leaves > tape.touched_capacity) {
        if (!resized(&tape.touched, 2 * tape.leaves, sizeof(Place))) {
            return 0;
        }
        tape.touched_capacity = 2 * tape.leaves;
    }
    return 1;
}

static uint64_t greater(uint64_t a, uint64_t b) { return a > b ? a : b; }
static uint64_t lesser(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Let the system take an array's pages when it is short of memory; they then read as zeros. */
static void lend(void *array, uint64_t bytes)
{
#ifdef MADV_FREE
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = ((uintptr_t)array + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)array + bytes) & ~(page - 1);
    if (array != NULL && start < end) {
        (void)madvise((void *)start, end - start, MADV_FREE);
    }
#endif
}

static void lend_lines(void)
{
    lend(tape.lines, tape.count * sizeof(Line)), lend(tape.tags, tape.count * sizeof(uint16_t));
    lend(tape.adjoint, tape.swept * sizeof(double));
    lend(tape.partial, tape.edges * sizeof(double)), lend(tape.operand, tape.edges * sizeof(Place));
}

static void release_memory(void)
{
    PyMem_RawFree(tape.lines), PyMem_RawFree(tape.tags), PyMem_RawFree(tape.reached), PyMem_RawFree(tape.adjoint);
    PyMem_RawFree(tape.touched), PyMem_RawFree(tape.partial), PyMem_RawFree(tape.operand);
    tape.lines = NULL, tape.tags = NULL, tape.reached = NULL, tape.adjoint = NULL;
    tape.touched = NULL, tape.partial = NULL, tape.operand = NULL;
    tape.capacity = tape.limit = tape.adjoint_capacity = tape.touched_capacity = 0;
    tape.edge_capacity = tape.edge_limit = 0;
}

/* ── lines ──────────────────────────────────────────────────────────────────────────────────────────────────────── */

static inline int is_place(Place x) { return x <= LAST_PLACE; }
static inline int is_leaf(uint64_t i) { return tape.tags[i] & LEAF; }
static inline int has_handle(uint64_t i) { return !(tape.tags[i] & LABELLED) && tape.lines[i].handle != NULL; }

/* The operands of a line and their partials, which of two stand in the line and of more among the edges. */
typedef struct {
    Place *operand;
    double *partial;
    uint64_t count;
} Edges;

static inline Edges edges_of(Line *line)
{
    if (line->operand[0] == MANY) {
        uint64_t first = line->edges.first;
        return (Edges){tape.operand + first, tape.partial + first, line->edges.count};
    }
    return (Edges){line->operand, line->partial, (line->operand[0] != NO_OPERAND) + (line->operand[1] != NO_OPERAND)};
}

static inline int was_reached(uint64_t i) { return tape.reached[i / 64] >> (i % 64) & 1; }
static inline void reach(uint64_t i) { tape.reached[i / 64] |= (uint64_t)1 << (i % 64); }
static inline void reach_operand(Place x) { is_place(x) ? reach(x) : (void)0; }
static inline void unreach(uint64_t i) { tape.reached[i / 64] &= ~((uint64_t)1 << (i % 64)); }

/* The line of a handle; a leaf takes one if it has none. There must be room. */
static INLINE Place place_of(Handle *x)
{
    if (x->epoch != tape.epoch) {
        Line *line = &tape.lines[tape.count];
        line->data = x->data;
        line->number = x->number;
        line->handle = x;
        line->operand[0] = line->operand[1] = NO_OPERAND;
        tape.tags[tape.count] = LEAF;
        x->epoch = tape.epoch;
        x->place = (Place)tape.count++;
        tape.leaves++;
    }
    return x->place;
}

/* Become the handle of the next line, which holds a number computed just now. */
static INLINE void bind(Handle *out, double data)
{
    Line *line = &tape.lines[tape.count];
    line->data = out->data = data;
    line->number = out->number = tape.next_number++;
    line->handle = out;
    out->epoch = tape.epoch;
    out->place = (Place)tape.count++;
    out->computed = 1;
    tape.living++;
}

/* ── lifetime ───────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Reach what living handles need, and return how many lines that are: a leaf needs no line for itself. */
static uint64_t mark(void)
{
    uint64_t needed = 0;
    for (uint64_t i = tape.count; i-- > 0;) {
        if (was_reached(i) || (!is_leaf(i) && has_handle(i))) {
            needed++;
            reach(i);
            const Line *line = &tape.lines[i];
            if (line->operand[0] != MANY) {
                reach_operand(line->operand[0]);
                reach_operand(line->operand[1]);
                continue;
            }
            uint64_t end = line->edges.first + line->edges.count;
            for (uint64_t k = line->edges.first; k < end; k++) {
                reach_operand(tape.operand[k]);
            }
        }
    }
    return needed;
}

/* Let go of a leaf, or of something labelled; of other lines nothing is known elsewhere. */
static void drop(uint64_t i)
{
    Line *line = &tape.lines[i];
    tape.leaves -= is_leaf(i) != 0;
    if (tape.tags[i] & LABELLED) {
        tape.labelled--;
        Py_DECREF(line->label);
    }
    else if (line->handle != NULL) {
        line->handle->epoch = 0;
    }
}

/* Drop the custom rows that no living handle needs; lines stay where they are. */
static void drop_unneeded_custom(void)
{
    if (customs.count > 0 && !tape.pinned) {
        mark();
        drop_custom(tape.reached);
        memset(tape.reached, 0, 8 * words(tape.count));
    }
}

/* Move a line towards the beginning; its operands have been moved before it, and `moved` says where they are. */
static void move(uint64_t from, uint64_t to, const Place *moved)
{
    Line *line = &tape.lines[to];
    *line = tape.lines[from];
    tape.tags[to] = tape.tags[from];
    if (has_handle(to)) {
        line->handle->place = (Place)to;
    }
    if (from < tape.swept) {
        tape.adjoint[to] = tape.adjoint[from];
    }
    Edges e = edges_of(line);
    if (line->operand[0] == MANY) {
        memmove(tape.operand + tape.edges, e.operand, e.count * sizeof(Place));
        memmove(tape.partial + tape.edges, e.partial, e.count * sizeof(double));
        line->edges.first = tape.edges;
        tape.edges += e.count;
        e = edges_of(line);
    }
    for (uint64_t k = 0; k < e.count; k++) {
        if (is_place(e.operand[k])) {
            e.operand[k] = moved[e.operand[k]];
        }
    }
}

/* Drop the lines that no living handle needs, if that is worth while and there is memory for it; else they stay. */
static void compact(void)
{
    if (tape.count == 0) {
        return; /* there may be no memory yet to clear */
    }
    uint64_t n = tape.count, kept = mark(), swept = 0;
    drop_custom(tape.reached);
    Place *moved = kept <= n - n / 4 ? PyMem_RawMalloc((n + 1) * sizeof(Place)) : NULL;
    if (moved != NULL) {
        tape.edges = tape.count = 0;
        for (uint64_t i = 0; i < n; i++) {
            swept += i < tape.swept && was_reached(i);
            if (was_reached(i)) {
                moved[i] = (Place)tape.count++;
                move(i, moved[i], moved);
            }
            else if (tape.tags[i] & (LEAF | LABELLED)) {
                drop(i);
            }
        }
        tape.swept = swept;
        move_custom(moved);
        PyMem_RawFree(moved);
    }
    memset(tape.reached, 0, 8 * words(n));
}

static void set_limits(void)
{
    tape.limit = tape.pinned ? tape.capacity : lesser(tape.capacity, tape.due);
    tape.edge_limit = tape.pinned ? tape.edge_capacity : lesser(tape.edge_capacity, tape.edges_due);
}

static void set_due(void)
{
    tape.due = greater(FIRST_COMPACTION, 2 * tape.count);
    tape.edges_due = greater(FIRST_COMPACTION, 2 * tape.edges);
}

static void set_custom_due(void)
{
    customs.due = customs.count + greater(greater(FEW_CUSTOM, customs.count), tape.count / LINES_PER_CUSTOM);
}

/* Fresh pages cost as much as the operations that fill them: a large tape keeps its memory for the next graph, lent to
 * the system meanwhile. A graph much smaller than the memory gives it up. */
static void keep_or_release(void)
{
    if (tape.capacity <= KEPT_CAPACITY && tape.edge_capacity <= 4 * KEPT_CAPACITY) {
        return;
    }
    if (tape.count <= tape.capacity / 4 && tape.edges <= tape.edge_capacity / 4) {
        release_memory();
    } else {
        lend_lines();
    }
}

/* Begin a new epoch, with an empty tape. */
static void clear_tape(void)
{
    for (uint64_t i = 0; tape.labelled > 0; i++) {
        if (tape.tags[i] & LABELLED) {
            tape.labelled--;
            Py_DECREF(tape.lines[i].label);
        }
    }
    if (UNLIKELY(customs.count > 0)) {
        drop_every_custom();
        customs.due = FEW_CUSTOM;
    }
    keep_or_release();
    tape.count = tape.edges = tape.swept = tape.leaves = 0;
    set_due();
    set_limits();
    tape.epoch++;
}

/* Have all lines stay where they are until `unpin`, so that they can be spoken of by their places. */
static void pin(void)
{
    tape.pinned++;
    set_limits();
}

static void unpin(void)
{
    tape.pinned--;
    set_limits();
    if (!tape.pinned && tape.living == 0 && tape.count > 0) {
        clear_tape();
    }
}

/* Make room for so many lines and edges more: 0 if there is no memory. */
static int make_room(uint64_t lines, uint64_t edges)
{
    if (!tape.pinned && (tape.count + lines > tape.due || tape.edges + edges > tape.edges_due)) {
        compact();
        set_due();
    }
    uint64_t needed = tape.count + lines, needed_edges = tape.edges + edges;
    if ((needed > tape.capacity && !reserve_lines(needed)) ||
        (needed_edges > tape.edge_capacity && !reserve_edges(needed_edges))) {
        return 0;
    }
    if (!tape.pinned) {
        tape.due = greater(tape.due, needed);
        tape.edges_due = greater(tape.edges_due, needed_edges);
    }
    set_limits();
    return 1;
}

/* Make room for a custom row more: 0 if there is no memory. Runs Python code where rows are let go of. */
static int make_room_for_custom(void)
{
    if (!tape.pinned && customs.count >= customs.due) {
        compact();
        set_due();
        set_limits();
        set_custom_due();
    }
    release_dropped();
    return reserve_custom();
}

static INLINE int has_room(uint64_t lines, uint64_t edges)
{
    return tape.count + lines <= tape.limit && tape.edges + edges <= tape.edge_limit;
}

/* A handle is gone: its line keeps what somebody may ask for when it is given a new one. */
static INLINE void unbind(Handle *x)
{
    if (x->epoch != tape.epoch) {
        Py_CLEAR(x->label);
        return;
    }
    Line *line = &tape.lines[x->place];
    x->epoch = 0;
    line->handle = NULL;
    if (UNLIKELY(x->label != NULL)) {
        line->label = x->label;
        x->label = NULL;
        tape.tags[x->place] |= LABELLED;
        tape.labelled++;
    }
    if (!x->computed) {
        line->leaf.grad = x->grad;
        line->leaf.changed = x->changed;
    }
    else if (--tape.living == 0 && !tape.pinned) {
        clear_tape();
    }
}

/* Give a line whose handle is gone a new one. */
static void rebind(Handle *out, Place i)
{
    Line *line = &tape.lines[i];
    out->number = line->number;
    out->data = line->data;
    out->epoch = tape.epoch;
    out->place = i;
    out->computed = !is_leaf(i);
    if (out->computed) {
        tape.living++;
    }
    else {
        out->grad = line->leaf.grad;
        out->changed = line->leaf.changed;
    }
    if (tape.tags[i] & LABELLED) {
        out->label = line->label;
        tape.tags[i] &= (uint16_t)~LABELLED;
        tape.labelled--;
    }
    line->handle = out;
}

#endif
