/* The sweeps over the tape, on floats: the chain rule once per edge, as `sweeps.py` has it. */

#ifndef AUTOGRAD_SWEEPS_H
#define AUTOGRAD_SWEEPS_H

#include "_tape.h"

typedef enum {
    DONE,
    INTERRUPTED,
    NO_MEMORY,
    RAISED,  /* Python has raised something */
    CHANGED, /* an operand was changed since the node in turn was computed */
    ASKS     /* the rule of the node in turn is Python's */
} Outcome;

/* A walk from results towards their operands: what is reached and still has to be visited lies between `lowest` and the
   current line. Lines before `since` are of no interest. */
typedef struct {
    double *adjoint; /* of the lines from `since` on; or */
    Place *order;    /* the computed numbers that were visited */
    uint64_t since, lowest, highest, touches, count;
} Walk;

/* Reach a line, once: whether this is the first time. */
static inline int walk_reach(Walk *walk, uint64_t x)
{
    if (was_reached(x)) {
        return 0;
    }
    reach(x);
    if (is_leaf(x)) {
        tape.touched[walk->touches++] = (Place)x;
    }
    else if (x < walk->lowest) {
        walk->lowest = x;
    }
    return 1;
}

/* Pass adjoint · partial on to an operand. A zero adjoint passes nothing on, but the operand is reached. */
static inline void walk_pass(Walk *walk, Place x, double adjoint, double partial)
{
    if (is_place(x) && x >= walk->since) {
        double *sum = &walk->adjoint[x - walk->since];
        if (walk_reach(walk, x)) {
            *sum = 0.0;
        }
        if (adjoint != 0.0 && !is_nothing(partial)) {
            *sum += adjoint * partial;
        }
    }
}

static inline void visit_with_adjoint(Walk *walk, uint64_t i)
{
    const Line *line = &tape.lines[i];
    double adjoint = walk->adjoint[i - walk->since];
    if (line->operand[0] != MANY) {
        walk_pass(walk, line->operand[0], adjoint, line->partial[0]);
        walk_pass(walk, line->operand[1], adjoint, line->partial[1]);
        return;
    }
    uint64_t end = line->edges.first + line->edges.count;
    for (uint64_t k = line->edges.first; k < end; k++) {
        walk_pass(walk, tape.operand[k], adjoint, tape.partial[k]);
    }
}

/* Forget what was reached: the leaves, and with `all` whatever lies between the lowest and the highest line. */
static void walk_end(Walk *walk, int all)
{
    for (uint64_t k = 0; k < walk->touches; k++) {
        unreach(tape.touched[k]);
    }
    if (all && walk->lowest <= walk->highest) {
        memset(tape.reached + walk->lowest / 64, 0, 8 * (walk->highest / 64 - walk->lowest / 64 + 1));
    }
}

/* Visit what the seeds need, from the newest line to the oldest. */
static INLINE Outcome walk_back(Walk *walk, void (*visit)(Walk *, uint64_t))
{
    uint64_t patience = PATIENCE;
    for (uint64_t i = walk->highest + 1; i-- > walk->lowest;) {
        if (tape.reached[i / 64] == 0) {
            i &= ~(uint64_t)63;
            continue;
        }
        if (was_reached(i)) {
            unreach(i);
            visit(walk, i);
        }
        if (UNLIKELY(--patience == 0)) {
            if (PyOS_InterruptOccurred()) {
                PyErr_SetInterrupt();
                return INTERRUPTED;
            }
            patience = PATIENCE;
        }
    }
    return DONE;
}

/* Set the adjoints of everything that a computed number needs, and add those of leaves to their gradients. When it is
   interrupted, the leaves are as before. */
static Outcome backward(const Handle *root, double seed)
{
    if (!reserve_adjoints((uint64_t)root->place + 1) || !reserve_touched()) {
        return NO_MEMORY;
    }
    Walk walk = {.adjoint = tape.adjoint, .lowest = UINT64_MAX, .highest = root->place};
    walk_reach(&walk, root->place);
    tape.adjoint[root->place] = seed;
    Outcome outcome = walk_back(&walk, visit_with_adjoint);
    walk_end(&walk, outcome != DONE);
    for (uint64_t k = 0; outcome == DONE && k < walk.touches; k++) {
        Place place = tape.touched[k];
        Line *leaf = &tape.lines[place];
        *(has_handle(place) ? &leaf->handle->grad : &leaf->leaf.grad) += tape.adjoint[place];
    }
    return outcome;
}

/* List a computed number, and reach its operands. */
static inline void visit_in_order(Walk *walk, uint64_t i)
{
    Edges e = edges_of(&tape.lines[i]);
    if (e.count == 0) {
        return;
    }
    walk->order[walk->count++] = (Place)i;
    for (uint64_t k = 0; k < e.count; k++) {
        if (is_place(e.operand[k]) && e.operand[k] >= walk->since) {
            walk_reach(walk, e.operand[k]);
        }
    }
}

/* List the computed numbers that the results need, from the newest to the oldest. There is room for them and for the
   leaves. */
static Outcome walk_in_order(Walk *walk, const Place *results, uint64_t count)
{
    walk->lowest = UINT64_MAX;
    walk->highest = walk->count = walk->touches = 0;
    for (uint64_t k = 0; k < count; k++) {
        if (results[k] >= walk->since) {
            walk->highest = greater(walk->highest, results[k]);
            walk_reach(walk, results[k]);
        }
    }
    Outcome outcome = walk_back(walk, visit_in_order);
    walk_end(walk, outcome != DONE);
    return outcome;
}

/* What a sweep is asked: Σ seed · ∂result/∂input for each input, or Σ ∂output/∂input · seed for each output. */
typedef struct {
    const Place *from; /* where the seeds are */
    const double *seed;
    uint64_t seeds;
    const Place *to; /* where the answers are read */
    double *found;
    uint64_t wanted;
} Question;

static uint64_t least(const Place *places, uint64_t count)
{
    uint64_t found = UINT64_MAX;
    for (uint64_t k = 0; k < count; k++) {
        found = lesser(found, places[k]);
    }
    return found;
}

static uint64_t greatest(const Place *places, uint64_t count)
{
    uint64_t found = 0;
    for (uint64_t k = 0; k < count; k++) {
        found = greater(found, places[k]);
    }
    return found;
}

/* The reverse sweep that leaves every gradient alone. */
static Outcome adjoints(Question q)
{
    uint64_t since = least(q.to, q.wanted), end = 1 + greater(greatest(q.from, q.seeds), greatest(q.to, q.wanted));
    double *adjoint = PyMem_RawMalloc(8 * (end - since));
    if (adjoint == NULL || !reserve_touched()) {
        PyMem_RawFree(adjoint);
        return NO_MEMORY;
    }
    for (uint64_t k = 0; k < q.wanted; k++) {
        adjoint[q.to[k] - since] = 0.0;
    }
    Walk walk = {.adjoint = adjoint, .since = since, .lowest = UINT64_MAX, .highest = end - 1};
    for (uint64_t k = 0; k < q.seeds; k++) {
        if (q.from[k] >= since) {
            walk_reach(&walk, q.from[k]);
            adjoint[q.from[k] - since] = q.seed[k];
        }
    }
    Outcome outcome = walk_back(&walk, visit_with_adjoint);
    walk_end(&walk, outcome != DONE);
    for (uint64_t k = 0; k < q.wanted; k++) {
        q.found[k] = adjoint[q.to[k] - since];
    }
    PyMem_RawFree(adjoint);
    return outcome;
}

enum { STILL, MOVES, SEEDED };

/* The tangent of a line, and whether it has one. A zero partial lets nothing through. */
static int tangent_of(Line *line, uint64_t since, const double *tangent, const char *state, double *found)
{
    int moves = 0;
    double sum = 0.0;
    Edges e = edges_of(line);
    for (uint64_t k = 0; k < e.count; k++) {
        uint64_t x = e.operand[k];
        if (is_place(e.operand[k]) && x >= since && (state[x - since] & MOVES) && !is_nothing(e.partial[k])) {
            sum += e.partial[k] != 0.0 ? e.partial[k] * tangent[x - since] : 0.0;
            moves = MOVES;
        }
    }
    *found = sum;
    return moves;
}

/* The forward sweep. */
static Outcome tangents(Question q)
{
    uint64_t since = least(q.from, q.seeds), end = 1 + greater(greatest(q.from, q.seeds), greatest(q.to, q.wanted));
    uint64_t length = end - since, patience = PATIENCE;
    double *tangent = PyMem_RawMalloc(8 * length);
    char *state = PyMem_RawCalloc(length, 1);
    Outcome outcome = tangent == NULL || state == NULL ? NO_MEMORY : DONE;
    for (uint64_t k = 0; outcome == DONE && k < q.seeds; k++) {
        tangent[q.from[k] - since] = q.seed[k];
        state[q.from[k] - since] = q.seed[k] != 0.0 ? SEEDED | MOVES : SEEDED;
    }
    for (uint64_t i = 0; outcome == DONE && i < length; i++) {
        if (!(state[i] & SEEDED)) {
            state[i] = (char)tangent_of(&tape.lines[since + i], since, tangent, state, &tangent[i]);
        }
        if (UNLIKELY(--patience == 0)) {
            patience = PATIENCE;
            if (PyOS_InterruptOccurred()) {
                PyErr_SetInterrupt();
                outcome = INTERRUPTED;
            }
        }
    }
    for (uint64_t k = 0; outcome == DONE && k < q.wanted; k++) {
        uint64_t x = q.to[k];
        q.found[k] = x >= since && (state[x - since] & MOVES) ? tangent[x - since] : 0.0;
    }
    PyMem_RawFree(tangent);
    PyMem_RawFree(state);
    return outcome;
}

/* Whether the results depend on numbers made before `first`: 1 or 0, or -1 if there is no memory. */
static int depend_on_older(const Place *results, uint64_t count, uint64_t first)
{
    if (!reserve_touched()) {
        return -1;
    }
    int found = 0;
    Walk walk = {.lowest = UINT64_MAX, .highest = greatest(results, count)};
    for (uint64_t k = 0; k < count; k++) {
        walk_reach(&walk, results[k]);
        found |= tape.lines[results[k]].number < first;
    }
    for (uint64_t i = walk.highest + 1; !found && i-- > walk.lowest;) {
        if (was_reached(i)) {
            unreach(i);
            Edges e = edges_of(&tape.lines[i]);
            for (uint64_t k = 0; k < e.count; k++) {
                if (is_place(e.operand[k])) {
                    walk_reach(&walk, e.operand[k]);
                    found |= tape.lines[e.operand[k]].number < first;
                }
            }
        }
    }
    walk_end(&walk, found);
    return found;
}

#endif
