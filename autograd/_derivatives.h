/* Derivatives as lines of the tape: the sweeps of `sweeps.py` in the arithmetic of Values.

   What a sweep computes with is a term. A rule says what the partials are by recording them, step by step, as it would
   on Values; only results are made Values in the end. A sweep stops where it needs Python, and goes on from there. */

#ifndef AUTOGRAD_DERIVATIVES_H
#define AUTOGRAD_DERIVATIVES_H

#include "_value.h"

#define NOWHERE NO_OPERAND /* nothing flows: what a rule calls None */
#define CHOICE MANY        /* a partial that a recorded condition chooses */
#define FLOW 0xFFFFFFFCu   /* an adjoint or a tangent that there is only where a recorded condition holds */

typedef struct {
    double number;  /* what a float or a line is worth */
    Place place;    /* a line, CONSTANT for a float, or one of the above */
    uint32_t index; /* of a choice or a flow */
} Term;

typedef struct {
    Term condition, yes, no;
} Choice;

typedef struct {
    Term condition, number;
} Flow;

enum { ACTIVE = 1, SEED = 2, FOUND = 4 };

typedef struct {
    Place *order;     /* the computed numbers that the results need, from the newest to the oldest, */
    uint64_t count;   /* so many; */
    uint64_t done;    /* those of them that the sweep has passed */
    uint64_t since;   /* the first line of interest */
    char *state;      /* of each line from there on: whether it depends on an input, is one of a tangent, has */
    Term *found;      /* its adjoint or tangent */
    Place node;       /* the one in turn: */
    Term *operand;    /* its operands, */
    Term *partial;    /* their partials, */
    char *active;     /* and whether these are wanted */
    uint64_t operands, capacity;
    Choice *choices;  /* in the partials of this node */
    uint32_t chosen, choice_capacity;
    Flow *flows;
    uint32_t flowing, flow_capacity;
    int answered;     /* the partials are there already: by Python */
    Outcome outcome;  /* what has gone wrong in a step, or DONE */
} Derivation;

/* Find the partials of a row as terms: those of active operands; the others stay nothing. */
typedef void (*Rules)(Derivation *d, Term z, const Term *operand, Py_ssize_t count, const char *active, Term *partial);
#define RULES(row)                                                                                                     \
    static void rules_##row(Derivation *d, Term z, const Term *operand, Py_ssize_t count, const char *active,          \
                            Term *partial)

#define NOTHING ((Term){0.0, NOWHERE, 0})
enum { MOST_IN_A_STEP = 8 }; /* operands; with more, it does not compile */
#define COUNT(...) (sizeof((const Term[]){__VA_ARGS__}) / sizeof(Term))
#define CHECKED(count) ((count) * sizeof(char[(count) <= MOST_IN_A_STEP ? 1 : -1]))
#define STEP(tag, ...) step(d, tag, CHECKED(COUNT(__VA_ARGS__)), (const Term[]){__VA_ARGS__})

static inline Term number(double x) { return (Term){x, CONSTANT, 0}; }
static inline int is_number(Term x) { return x.place == CONSTANT; }
static inline int is_zero(Term x) { return is_number(x) && x.number == 0.0; }
static inline int is_nowhere(Term x) { return x.place == NOWHERE; }
static inline int is_choice(Term x) { return x.place == CHOICE; }
static inline int is_flow(Term x) { return x.place == FLOW; }

/* ── steps ──────────────────────────────────────────────────────────────────────────────────────────────────────── */

static Term failed(Derivation *d, Outcome outcome)
{
    d->outcome = outcome;
    return number(NAN);
}

/* Write a line that has no handle. */
static Term new_line(int tag, size_t count, const Term *operand, const double *partial, double data)
{
    Place place = (Place)tape.count++;
    Line *line = &tape.lines[place];
    Edges e = {line->operand, line->partial, count};
    line->data = data;
    line->number = tape.next_number++;
    line->handle = NULL;
    line->operand[1] = NO_OPERAND;
    if (count > 2) {
        line->operand[0] = line->operand[1] = MANY;
        line->edges.first = tape.edges;
        line->edges.count = count;
        tape.edges += count;
        e = edges_of(line);
    }
    for (size_t k = 0; k < count; k++) {
        e.operand[k] = operand[k].place;
        e.partial[k] = is_number(operand[k]) ? operand[k].number : partial[k];
    }
    tape.tags[place] = (uint16_t)tag;
    return (Term){data, place, 0};
}

/* Record a row; on numbers only, compute it. */
static Term step(Derivation *d, int tag, size_t count, const Term *operand)
{
    double x[MOST_IN_A_STEP], partial[MOST_IN_A_STEP];
    unsigned active = 0;
    const Row *row = &ROWS[tag];
    if (UNLIKELY(d->outcome != DONE)) {
        return number(NAN);
    }
    for (size_t k = 0; k < count; k++) {
        x[k] = operand[k].number;
        active |= (unsigned)!is_number(operand[k]) << k;
    }
    double data = row->many ? row->many(x, (Py_ssize_t)count, active ? partial : NULL) : row->fixed(x, active, partial);
    if (row->may_raise && PyErr_Occurred()) {
        return failed(d, RAISED);
    }
    if (!active) {
        return number(data);
    }
    if (UNLIKELY(!has_room(1, count)) && !make_room(1, count)) {
        return failed(d, NO_MEMORY);
    }
    return new_line(tag, count, operand, partial, data);
}

/* Compare two numbers; in a recording, Values. As in Python, a Value that stands on the right of a number answers. */
static Term compared(Derivation *d, int tag, Term x, Term y)
{
    if ((is_number(x) && is_number(y)) || current_recorder() == NULL) {
        return number(ROWS[tag].fixed((double[]){x.number, y.number}, 0, NULL));
    }
    if (!is_number(x)) {
        return STEP(tag, x, y);
    }
    int mirrored = tag == TAG_less            ? TAG_greater
                   : tag == TAG_less_equal    ? TAG_greater_equal
                   : tag == TAG_greater       ? TAG_less
                   : tag == TAG_greater_equal ? TAG_less_equal
                                              : tag;
    return STEP(mirrored, y, x);
}

static Term new_choice(Derivation *d, Term condition, Term yes, Term no)
{
    if (d->chosen == d->choice_capacity) {
        if (!resized(&d->choices, 2 * d->choice_capacity + 8, sizeof(Choice))) {
            return failed(d, NO_MEMORY);
        }
        d->choice_capacity = 2 * d->choice_capacity + 8;
    }
    d->choices[d->chosen] = (Choice){condition, yes, no};
    return (Term){0.0, CHOICE, d->chosen++};
}

/* Choose at once if it is known now; else record the choice. */
static Term choose(Derivation *d, Term condition, Term yes, Term no)
{
    if (is_number(condition)) {
        return condition.number != 0.0 ? yes : no;
    }
    if (is_nowhere(yes) && is_nowhere(no)) {
        return NOTHING;
    }
    if (is_nowhere(yes) || is_nowhere(no) || is_choice(yes) || is_choice(no)) {
        return new_choice(d, condition, yes, no);
    }
    return STEP(TAG_where, condition, yes, no);
}

static Term strong_product(Derivation *d, Term x, Term y)
{
    if (is_zero(x)) {
        return number(0.0);
    }
    if (is_number(y) && y.number == 1.0) {
        return x;
    }
    if (is_number(x) && x.number == 1.0) {
        return y;
    }
    return STEP(TAG_chain, x, y);
}

static Term total(Derivation *d, Term x, Term y) { return is_zero(x) ? y : is_zero(y) ? x : STEP(TAG_add, x, y); }

/* ── flows ──────────────────────────────────────────────────────────────────────────────────────────────────────── */

static Term new_flow(Derivation *d, Term condition, Term number)
{
    if (d->flowing == d->flow_capacity) {
        if (!resized(&d->flows, 2 * d->flow_capacity + 8, sizeof(Flow))) {
            return failed(d, NO_MEMORY);
        }
        d->flow_capacity = 2 * d->flow_capacity + 8;
    }
    d->flows[d->flowing] = (Flow){condition, number};
    return (Term){0.0, FLOW, d->flowing++};
}

static Term selected(Derivation *d, Term condition, Term x)
{
    return is_zero(x) ? number(0.0) : STEP(TAG_where, condition, x, number(0.0));
}

/* What flows where a condition holds, too. */
static Term within(Derivation *d, Term condition, Term x)
{
    if (!is_flow(x)) {
        return new_flow(d, condition, x);
    }
    Flow flow = d->flows[x.index];
    return new_flow(d, STEP(TAG_logical_and, condition, flow.condition), flow.number);
}

/* The product of an adjoint and a partial, or of a partial and a tangent, one of which is a choice. */
static Term product_of_choices(Derivation *d, Term x, Term y)
{
    if (is_nowhere(x) || is_nowhere(y)) {
        return NOTHING;
    }
    if (!is_choice(x) && !is_choice(y)) {
        return strong_product(d, x, y);
    }
    Choice c = d->choices[(is_choice(y) ? y : x).index];
    Term yes = is_choice(y) ? product_of_choices(d, x, c.yes) : product_of_choices(d, c.yes, y);
    Term no = is_choice(y) ? product_of_choices(d, x, c.no) : product_of_choices(d, c.no, y);
    return choose(d, c.condition, yes, no);
}

/* Under which condition there is a number, 1 or 0 where that is known, and which it is then. */
static Flow parts(Derivation *d, Term x)
{
    if (!is_choice(x)) {
        return (Flow){number(!is_nowhere(x)), x};
    }
    Choice c = d->choices[x.index];
    Flow other = parts(d, c.no);
    if (is_nowhere(c.yes)) {
        Term inverse = STEP(TAG_logical_not, c.condition);
        other.condition = is_number(other.condition) ? inverse : STEP(TAG_logical_and, inverse, other.condition);
        return other;
    }
    if (is_zero(other.condition)) {
        return (Flow){c.condition, c.yes};
    }
    Term either = STEP(TAG_logical_or, c.condition, other.condition);
    return (Flow){either, choose(d, c.condition, c.yes, other.number)};
}

static Term product(Derivation *d, Term x, Term y)
{
    if (is_flow(x)) {
        Flow flow = d->flows[x.index];
        return within(d, flow.condition, product(d, flow.number, y));
    }
    if (is_flow(y)) {
        Flow flow = d->flows[y.index];
        return within(d, flow.condition, product(d, x, flow.number));
    }
    if (!is_choice(x) && !is_choice(y)) {
        return strong_product(d, x, y);
    }
    Flow flow = parts(d, product_of_choices(d, x, y));
    return new_flow(d, flow.condition, selected(d, flow.condition, flow.number));
}

/* A flow as a number: 0 where nothing flows. */
static Term number_of(Derivation *d, Term x)
{
    return is_flow(x) ? selected(d, d->flows[x.index].condition, d->flows[x.index].number) : x;
}

/* The sum of two flows: there is one where there is one of them. */
static Term sum_of(Derivation *d, Term x, Term y)
{
    if (!is_flow(x) && !is_flow(y)) {
        return total(d, x, y);
    }
    Term one = is_flow(x) ? d->flows[x.index].condition : number(1.0);
    Term other = is_flow(y) ? d->flows[y.index].condition : number(1.0);
    if (is_flow(x) && is_flow(y) && one.place == other.place) {
        return new_flow(d, one, total(d, d->flows[x.index].number, d->flows[y.index].number));
    }
    Term first = number_of(d, x), sum = total(d, first, number_of(d, y));
    return is_flow(x) && is_flow(y) ? new_flow(d, STEP(TAG_logical_or, one, other), sum) : sum;
}

/* ── rules of many operands ─────────────────────────────────────────────────────────────────────────────────────── */

RULES(fsum)
{
    for (Py_ssize_t k = 0; k < count; k++) {
        partial[k] = number(1.0);
    }
}

RULES(dot)
{
    for (Py_ssize_t k = 0; k < count; k++) {
        partial[k] = operand[(k + count / 2) % count];
    }
}

/* 1 for the first operand that is the result. */
RULES(maximum)
{
    Term found = NOTHING;
    for (Py_ssize_t k = 0; k < count; k++) {
        Term equal = compared(d, TAG_equal, operand[k], z);
        Term flat = choose(d, compared(d, TAG_equal, z, z), NOTHING, z);
        Term selected = choose(d, equal, number(1.0), flat);
        partial[k] = is_nowhere(found) ? selected : choose(d, found, NOTHING, selected);
        found = is_nowhere(found) ? equal : STEP(TAG_logical_or, found, equal);
    }
}

RULES(minimum) { rules_maximum(d, z, operand, count, active, partial); }

#include "_rules.h"

/* ── sweeps ─────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Whether a leaf among the operands was changed after the number was computed from it. */
static int is_outdated(Place i)
{
    Edges e = edges_of(&tape.lines[i]);
    int outdated = tape.tags[i] & OUTDATED;
    for (uint64_t k = 0; k < e.count && !outdated; k++) {
        if (is_place(e.operand[k]) && is_leaf(e.operand[k])) {
            const Line *leaf = &tape.lines[e.operand[k]];
            uint64_t changed = has_handle(e.operand[k]) ? leaf->handle->changed : leaf->leaf.changed;
            outdated = changed > tape.lines[i].number;
        }
    }
    return outdated;
}

/* Find the partials of the node in turn. */
static Outcome find_partials(Derivation *d)
{
    Edges e = edges_of(&tape.lines[d->node]);
    if (d->answered) {
        d->answered = 0;
        return DONE;
    }
    if (is_outdated(d->node)) {
        return CHANGED;
    }
    if (e.count > d->capacity) {
        uint64_t capacity = 2 * e.count + 8;
        if (!resized(&d->operand, capacity, sizeof(Term)) || !resized(&d->partial, capacity, sizeof(Term)) ||
            !resized(&d->active, capacity, 1)) {
            return NO_MEMORY;
        }
        d->capacity = capacity;
    }
    int any_active = 0;
    d->operands = e.count;
    d->chosen = 0;
    for (uint64_t k = 0; k < e.count; k++) {
        Place x = e.operand[k];
        d->operand[k] = is_place(x) ? (Term){tape.lines[x].data, x, 0} : number(e.partial[k]);
        d->partial[k] = NOTHING;
        d->active[k] = is_place(x) && x >= d->since && (d->state[x - d->since] & ACTIVE);
        any_active |= d->active[k];
    }
    if (!any_active) {
        return DONE;
    }
    int tag = tape.tags[d->node] & TAG_MASK;
    if (tag >= BUILT_IN_COUNT || RULES_OF[tag] == NULL) {
        return ASKS;
    }
    Term z = {tape.lines[d->node].data, d->node, 0};
    RULES_OF[tag](d, z, d->operand, (Py_ssize_t)e.count, d->active, d->partial);
    return d->outcome;
}

static void find_more(Derivation *d, Place x, Term contribution)
{
    uint64_t at = x - d->since;
    d->found[at] = d->state[at] & FOUND ? sum_of(d, d->found[at], contribution) : contribution;
    d->state[at] |= FOUND;
}

/* Pass on to the operands of a node what is found at it. A zero adjoint passes nothing on. */
static void pass_back(Derivation *d)
{
    Term adjoint = d->found[d->node - d->since];
    for (uint64_t k = 0; k < d->operands; k++) {
        if (d->active[k] && !is_nowhere(d->partial[k])) {
            find_more(d, d->operand[k].place, product(d, adjoint, d->partial[k]));
        }
    }
}

/* Find at a node what its operands pass on. A zero partial lets nothing through. */
static void pass_forth(Derivation *d)
{
    for (uint64_t k = 0; k < d->operands; k++) {
        uint64_t at = d->operand[k].place - d->since;
        if (d->active[k] && !is_nowhere(d->partial[k]) && (d->state[at] & FOUND)) {
            find_more(d, d->node, product(d, d->partial[k], d->found[at]));
        }
    }
}

static Outcome derive(Derivation *d, int back)
{
    for (; d->done < d->count; d->done++) {
        if (UNLIKELY(d->done % PATIENCE == PATIENCE - 1) && PyOS_InterruptOccurred()) {
            PyErr_SetInterrupt();
            return INTERRUPTED;
        }
        d->node = d->order[back ? d->done : d->count - 1 - d->done];
        char state = d->state[d->node - d->since];
        if (!(state & ACTIVE) || (back ? !(state & FOUND) || is_zero(d->found[d->node - d->since]) : state & SEED)) {
            continue;
        }
        Outcome outcome = find_partials(d);
        if (UNLIKELY(outcome != DONE)) {
            return outcome;
        }
        (back ? pass_back : pass_forth)(d);
        if (UNLIKELY(d->outcome != DONE)) {
            return d->outcome;
        }
    }
    return DONE;
}

/* Find the computed numbers between inputs and results, and those of them that depend on the inputs. */
static Outcome begin_derivation(Derivation *d, const Place *inputs, uint64_t count, const Place *results, uint64_t wanted)
{
    d->since = least(inputs, count);
    uint64_t length = 1 + greater(greatest(results, wanted), greatest(inputs, count)) - d->since;
    if (!resized(&d->order, length, sizeof(Place)) || !resized(&d->found, length, sizeof(Term)) ||
        (d->state == NULL && (d->state = PyMem_RawCalloc(length, 1)) == NULL) || !reserve_touched()) {
        return NO_MEMORY;
    }
    Walk walk = {.since = d->since, .order = d->order};
    Outcome outcome = walk_in_order(&walk, results, wanted);
    if (outcome != DONE) {
        return outcome;
    }
    d->count = walk.count;
    for (uint64_t k = 0; k < count; k++) {
        d->state[inputs[k] - d->since] = ACTIVE;
    }
    for (uint64_t n = d->count; n-- > 0;) {
        Edges e = edges_of(&tape.lines[d->order[n]]);
        for (uint64_t k = 0; k < e.count; k++) {
            uint64_t x = e.operand[k];
            if (is_place(e.operand[k]) && x >= d->since && (d->state[x - d->since] & ACTIVE)) {
                d->state[d->order[n] - d->since] |= ACTIVE;
            }
        }
    }
    return DONE;
}

/* Begin with an adjoint at a result; or, with `forth`, a tangent at an input, which is the one there is unless it is 0. */
static void seed_derivation(Derivation *d, Place x, Term seed, int forth)
{
    if (x >= d->since) {
        d->found[x - d->since] = seed;
        d->state[x - d->since] |= (char)(forth ? SEED | (is_zero(seed) ? 0 : FOUND) : FOUND);
    }
}

/* What is found at a line, as a number; 0 if nothing is. */
static Term found_at(Derivation *d, Place x)
{
    return x >= d->since && (d->state[x - d->since] & FOUND) ? number_of(d, d->found[x - d->since]) : number(0.0);
}

static void end_derivation(Derivation *d)
{
    PyMem_RawFree(d->order), PyMem_RawFree(d->state), PyMem_RawFree(d->found), PyMem_RawFree(d->choices), PyMem_RawFree(d->flows);
    PyMem_RawFree(d->operand), PyMem_RawFree(d->partial), PyMem_RawFree(d->active);
}

#endif
