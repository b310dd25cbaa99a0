/* Strips: scalar steps of one kind whose operands and results stand one after the other, done together by a kernel.

   An unrolled loop, or a rule applied to number after number, is the same few steps over and over, for scalars that
   stand side by side. A *strip* is such a step for n scalars in a row, as if they were lanes: each of its operands runs
   along (a place, the place behind it, …) or stays. In the code, TAG_strip says how long the strip is, and the step
   behind it is the first of those that it does.

   Steps are taken level by level: one level needs nothing but results of those before, so within it any order will do.
   Steps of one kind on one level are a *group*, whose results stand together. They are taken as they come, each joining
   the strip that it continues, if that is one of the last few; for those are as many as an unrolled loop has alike. Then
   strips that continue each other are joined, wherever they come. */

#ifndef AUTOGRAD_STRIPS_H
#define AUTOGRAD_STRIPS_H

#include "_tile.h"

enum { SHORTEST_STRIP = 4 }; /* so many steps take as long one after the other */
enum { OPEN_STRIPS = 8 };    /* so many can be continued */
enum { KINDS = TAG_COUNT + BUILT_IN_COUNT };

typedef struct Strips {
    const Code *code;
    uint32_t count;
    Step *steps;            /* in the order in which they are done */
    uint32_t *length;       /* of the strip that begins with one of them; 0 within a strip */
    uint32_t *group;        /* how many steps the group has that begins with one; once it has places, how many these are */
    uint32_t *order;        /* sorted by level and kind: the numbers of steps in the code */
    uint32_t *before, *after; /* per sorted step: which come before and after it in its strip, or NONE */
    uint32_t *last;         /* per sorted step that begins a strip: where that ends */
    uint32_t *level;        /* per value */
    uint32_t *spare;        /* per step: room */
} Strips;

/* ── sorting ───────────────────────────────────────────────────────────────────────────────────────────────────── */

static inline uint32_t kind_of(const Step *step)
{
    return step->tag == TAG_each_lane ? TAG_COUNT + step->operand[2] : step->tag;
}

/* Set the level of each result; return the highest. */
static uint32_t find_levels(Strips *s)
{
    uint32_t highest = 0;
    for (uint32_t k = 0, n; k < s->count; k++) {
        const Step *step = &s->code->scalar_steps[k];
        const uint32_t *x = references(s->code, step, &n);
        uint32_t level = 0;
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t other = s->level[VALUE(x[i])];
            level = other > level ? other : level;
        }
        s->level[step->out] = level + 1;
        highest = level + 1 > highest ? level + 1 : highest;
    }
    return highest;
}

/* Turn counts into where each begins. */
static void accumulate(uint32_t *counts, uint32_t n)
{
    for (uint32_t i = 0, begin = 0; i < n; i++) {
        const uint32_t count = counts[i];
        counts[i] = begin;
        begin += count;
    }
}

/* Sort steps by level, then by kind. */
static void sort_steps(Strips *s, uint32_t highest)
{
    const Step *steps = s->code->scalar_steps;
    uint32_t kinds[KINDS] = {0}, *levels = s->after;
    memset(levels, 0, ((size_t)highest + 1) * sizeof *levels);
    for (uint32_t k = 0; k < s->count; k++) {
        kinds[kind_of(&steps[k])]++;
        levels[s->level[steps[k].out]]++;
    }
    accumulate(kinds, KINDS);
    accumulate(levels, highest + 1);
    for (uint32_t k = 0; k < s->count; k++) {
        s->spare[kinds[kind_of(&steps[k])]++] = k;
    }
    for (uint32_t k = 0; k < s->count; k++) {
        s->order[levels[s->level[steps[s->spare[k]].out]]++] = s->spare[k];
    }
}

/* Mark where groups begin; return how many there are. */
static uint32_t find_groups(Strips *s)
{
    uint32_t groups = 0;
    for (uint32_t k = 0, first = 0; k < s->count; k++) {
        const Step *step = &s->code->scalar_steps[s->order[k]], *one = &s->code->scalar_steps[s->order[first]];
        if (k == 0 || s->level[step->out] != s->level[one->out] || kind_of(step) != kind_of(one)) {
            first = k;
            groups++;
        }
        s->group[k] = 0;
        s->group[first]++;
    }
    return groups;
}

/* ── finding strips ────────────────────────────────────────────────────────────────────────────────────────────── */

/* Whether x and y may begin a strip: operands that move do so by one place, all forward or, as those of derivatives, all
   backward; and operands that are the same remain so. */
static int may_begin(const uint32_t *x, const uint32_t *y, uint32_t n, const uint32_t *place)
{
    uint32_t way = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t move = place[VALUE(y[i])] - place[VALUE(x[i])];
        const int forward_or_backward = move == 1 || move == UINT32_MAX;
        if ((x[i] ^ y[i]) & STRONG_BIT || (move != 0 && (!forward_or_backward || (way != 0 && move != way)))
            || (i > 0 && (VALUE(x[i]) == VALUE(x[i - 1])) != (VALUE(y[i]) == VALUE(y[i - 1])))) {
            return 0;
        }
        way = move != 0 ? move : way;
    }
    return way != 0;
}

/* Whether all operands move from x to y as they do from w to x. */
static int goes_on(const uint32_t *w, const uint32_t *x, const uint32_t *y, uint32_t n, const uint32_t *place)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t at = place[VALUE(x[i])];
        if ((x[i] ^ y[i]) & STRONG_BIT || place[VALUE(y[i])] - at != at - place[VALUE(w[i])]) {
            return 0;
        }
    }
    return 1;
}

static inline const uint32_t *operands_at(const Strips *s, uint32_t k, uint32_t *count)
{
    return references(s->code, &s->code->scalar_steps[s->order[k]], count);
}

/* Whether a strip that ends with `end` goes on with the one that begins with `k`. */
static int continues(const Strips *s, uint32_t end, uint32_t k, const uint32_t *place)
{
    const Step *last = &s->code->scalar_steps[s->order[end]], *next = &s->code->scalar_steps[s->order[k]];
    uint32_t n, m, ignored;
    const uint32_t *x = references(s->code, last, &n), *y = references(s->code, next, &m);
    if (n != m || last->variant != next->variant) {
        return 0;
    }
    const uint32_t before = s->before[end];
    return (before == NONE ? may_begin(x, y, n, place) : goes_on(operands_at(s, before, &ignored), x, y, n, place))
           && (s->after[k] == NONE || goes_on(x, y, operands_at(s, s->after[k], &ignored), n, place));
}

/* Join each strip to the one that it continues; rather to a longer one than to a single step. `first` has their first
   steps. Return how many strips there are then. */
static uint32_t join_strips(Strips *s, uint32_t *first, uint32_t count, const uint32_t *place)
{
    uint32_t open[OPEN_STRIPS], opened = 0, left = 0;
    for (uint32_t j = 0; j < count; j++) {
        const uint32_t k = first[j];
        uint32_t found = OPEN_STRIPS;
        for (uint32_t i = 0; i < OPEN_STRIPS && i < opened; i++) {
            if ((found == OPEN_STRIPS || s->before[open[i]] != NONE) && continues(s, open[i], k, place)) {
                found = i;
            }
        }
        if (found < OPEN_STRIPS) {
            s->before[k] = open[found];
            s->after[open[found]] = k;
        } else {
            found = opened++ % OPEN_STRIPS;
            first[left++] = k;
        }
        open[found] = s->last[k];
    }
    for (uint32_t j = 0; j < left; j++) {
        uint32_t k = first[j];
        while (s->after[k] != NONE) {
            k = s->after[k];
        }
        s->last[first[j]] = k;
    }
    return left;
}

/* Turn a strip that runs backward; return its first step. */
static uint32_t turned(Strips *s, uint32_t first, const uint32_t *place)
{
    uint32_t n;
    if (s->after[first] == NONE) {
        return first;
    }
    const uint32_t *x = operands_at(s, first, &n), *y = operands_at(s, s->after[first], &n);
    while (place[VALUE(*x)] == place[VALUE(*y)]) {
        x++, y++;
    }
    if (place[VALUE(*x)] < place[VALUE(*y)]) {
        return first;
    }
    const uint32_t last = s->last[first];
    for (uint32_t k = first; k != NONE; k = s->before[k]) {
        const uint32_t next = s->after[k];
        s->after[k] = s->before[k];
        s->before[k] = next;
    }
    s->last[last] = first;
    return last;
}

/* Whether the operands of one step stand before those of another: the first that differ decide. */
static int stands_before(const Strips *s, uint32_t k, uint32_t other, const uint32_t *place)
{
    uint32_t n, m;
    const uint32_t *x = operands_at(s, k, &n), *y = operands_at(s, other, &m);
    for (uint32_t i = 0; i < n && i < m; i++) {
        if (place[VALUE(x[i])] != place[VALUE(y[i])]) {
            return place[VALUE(x[i])] < place[VALUE(y[i])];
        }
    }
    return n < m;
}

/* Sort strips by the operands of their first steps, merging sorted runs. */
static void sort_strips(const Strips *s, uint32_t *first, uint32_t *spare, uint32_t count, const uint32_t *place)
{
    for (uint32_t run = 1; run < count; run *= 2) {
        for (uint32_t begin = 0; begin < count; begin += 2 * run) {
            const uint32_t middle = begin + run < count ? begin + run : count;
            const uint32_t end = middle + run < count ? middle + run : count;
            for (uint32_t i = begin, j = middle, k = begin; k < end; k++) {
                const int second = i == middle || (j < end && stands_before(s, first[j], first[i], place));
                spare[k] = first[second ? j++ : i++];
            }
        }
        memcpy(first, spare, count * sizeof *first);
    }
}

/* Find the strips of a group: in the order of the program, for that is the order of its loops; then, where that has made
   strips, in the order in which operands stand. Return how many there are. */
static uint32_t join_group(Strips *s, uint32_t begin, uint32_t end, uint32_t *first, const uint32_t *place)
{
    uint32_t count = end - begin;
    for (uint32_t k = begin; k < end; k++) {
        s->before[k] = s->after[k] = NONE;
        s->last[k] = first[k - begin] = k;
    }
    count = join_strips(s, first, count, place);
    for (uint32_t j = 0; j < count; j++) {
        first[j] = turned(s, first[j], place);
    }
    if (count > 1 && count <= (end - begin) / 2) {
        sort_strips(s, first, s->length + begin, count, place);
        count = join_strips(s, first, count, place);
    }
    return count;
}

static inline int is_done_together(const Step *step, uint32_t length)
{
    return length >= SHORTEST_STRIP && step->tag != TAG_each_lane && step->tag != TAG_each_lane_python;
}

/* Write down the strips of a group, and where results stand as far as the next ones need it: side by side. Return how
   many steps take as long. */
static uint32_t lay_group(Strips *s, uint32_t begin, uint32_t end, uint32_t *place, uint32_t *next_place)
{
    uint32_t time = 0, at = begin, *first = s->spare + begin;
    const uint32_t count = join_group(s, begin, end, first, place);
    for (uint32_t j = 0, length; j < count; j++, at += length) {
        length = 0;
        for (uint32_t k = first[j]; k != NONE; k = s->after[k]) {
            s->steps[at + length] = s->code->scalar_steps[s->order[k]];
            s->length[at + length++] = 0;
        }
        s->length[at] = length;
        time += is_done_together(&s->steps[at], length) ? SHORTEST_STRIP : length;
    }
    for (uint32_t k = begin; k < end; k++) {
        place[s->steps[k].out] = (*next_place)++;
    }
    ++*next_place; /* two groups have a gap between them */
    return time;
}

/* Find strips, as if places were not used again. Return whether they are worth it, saving half the time at least: the
   order of the program keeps more of what it needs in the cache. */
static int find_strips(Strips *s, uint32_t values, uint32_t *place)
{
    sort_steps(s, find_levels(s));
    if (find_groups(s) > s->count / 2) {
        return 0;
    }
    uint32_t time = 0, next_place = values + 1;
    for (uint32_t begin = 0, end; begin < s->count; begin = end) {
        end = begin + s->group[begin];
        time += lay_group(s, begin, end, place, &next_place);
    }
    return time <= s->count / 2;
}

/* ── places ────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Set until which step each value is needed. */
static void note_last_steps(Strips *s, uint32_t *last)
{
    for (uint32_t k = 0, n; k < s->count; k++) {
        const uint32_t *x = references(s->code, &s->steps[k], &n);
        last[s->steps[k].out] = k;
        for (uint32_t i = 0; i < n; i++) {
            last[VALUE(x[i])] = k;
        }
    }
}

/* Places that are free: single ones, and those of groups, by their first steps. */
typedef struct Room {
    uint32_t *single, *groups, singles, group_count, used;
} Room;

static uint32_t take_place(Room *room) { return room->singles > 0 ? room->single[--room->singles] : room->used++; }

/* Return places for a group, if possible those given back not long ago. */
static uint32_t take_places(Room *room, const Strips *s, const uint32_t *place, uint32_t *size)
{
    for (uint32_t i = room->group_count; i > 0 && i + OPEN_STRIPS > room->group_count; i--) {
        const uint32_t first = room->groups[i - 1], found = s->group[first];
        if (*size <= found && found <= 2 * *size) {
            memmove(&room->groups[i - 1], &room->groups[i], (room->group_count - i) * sizeof *room->groups);
            room->group_count--;
            *size = found;
            return place[s->steps[first].out];
        }
    }
    const uint32_t begin = (room->used + 7) & ~7u;
    room->used = begin + *size;
    return begin;
}

/* Write a step, or a strip as one, with places instead of values. Return where the next one goes. */
static Step *write_strip(const Strips *s, Step *to, uint32_t k, uint32_t length, const uint32_t *place)
{
    uint32_t n;
    if (length > 1) {
        *to++ = (Step){TAG_strip, 0, 0, {length, 0, 0}};
    }
    *to = s->steps[k];
    to->out = place[to->out];
    uint32_t *x = references(s->code, to, &n);
    const uint32_t *y = length > 1 ? references(s->code, &s->steps[k + 1], &n) : x;
    const int listed = SHAPE[to->tag] == LIST;
    to->variant = listed ? to->variant : 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t at = place[VALUE(x[i])], stays = at == place[VALUE(y[i])];
        to->variant |= !listed && stays ? 1u << i : 0;
        x[i] = at | (listed ? (x[i] & STRONG_BIT) | (stays ? SCALAR_BIT : 0) : 0);
    }
    return to + 1;
}

/* Give the results of a group places. A kernel writes up to seven numbers too many: over what comes later in the group,
   or behind it. */
static void place_group(Strips *s, uint32_t begin, uint32_t end, uint32_t *place, Room *room)
{
    uint32_t size = end - begin > 1 ? (end - begin + 14) & ~7u : 1;
    const uint32_t at = size > 1 ? take_places(room, s, place, &size) : take_place(room);
    s->group[begin] = size;
    for (uint32_t k = begin; k < end; k++) {
        place[s->steps[k].out] = at + (k - begin);
    }
}

/* Give back the places of the groups that nothing after step k needs. */
static void give_back(Room *room, const Strips *s, uint32_t k, const uint32_t *dying, const uint32_t *next_dying,
                      const uint32_t *place)
{
    for (uint32_t dead = dying[k]; dead != NONE; dead = next_dying[dead]) {
        if (s->group[dead] == 1) {
            room->single[room->singles++] = place[s->steps[dead].out];
        } else {
            room->groups[room->group_count++] = dead;
        }
    }
}

/* Write the code, strip by strip. A group's places are given back together, after the last step that needs one of them;
   not at all if a value is `kept`. */
static void place_strips(Strips *s, Code *code, uint32_t *place, const uint8_t *marks, uint8_t kept)
{
    Step *to = code->scalar_steps;
    uint32_t *last = s->level, *dying = s->after, *next_dying = s->before;
    Room room = {.single = s->spare, .groups = s->order, .used = code->scalars};
    note_last_steps(s, last);
    memset(dying, 0xFF, s->count * sizeof *dying);
    for (uint32_t begin = 0, end; begin < s->count; begin = end) {
        uint32_t death = begin;
        end = begin + s->group[begin];
        place_group(s, begin, end, place, &room);
        for (uint32_t k = begin; k < end; k++) {
            const uint32_t v = s->steps[k].out;
            death = marks[v] & kept ? NONE : last[v] > death ? last[v] : death;
        }
        if (death != NONE) {
            next_dying[begin] = dying[death];
            dying[death] = begin;
        }
        for (uint32_t k = begin, length; k < end; k += length) {
            length = is_done_together(&s->steps[k], s->length[k]) ? s->length[k] : 1;
            to = write_strip(s, to, k, length, place);
            code->strips += length > 1;
        }
        for (uint32_t k = begin; k < end; k++) {
            give_back(&room, s, k, dying, next_dying, place);
        }
    }
    code->scalar_step_count = (uint32_t)(to - code->scalar_steps);
    code->scalars = room.used;
}

/* ── room ──────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void release_strips(Strips *s)
{
    void *all[] = {s->steps, s->length, s->group, s->order, s->before, s->after, s->last, s->level, s->spare};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        PyMem_RawFree(all[i]);
    }
}

/* Return whether there is room to look for strips among the scalar steps of some code. */
static int reserve_strips(Strips *s, const Code *code, uint32_t values)
{
    const size_t count = (size_t)code->scalar_step_count + 1;
    uint32_t **arrays[] = {&s->length, &s->group, &s->order, &s->before, &s->after, &s->last, &s->spare};
    *s = (Strips){.code = code, .count = code->scalar_step_count};
    s->steps = PyMem_RawMalloc(count * sizeof(Step));
    s->level = PyMem_RawCalloc(values, sizeof *s->level);
    int enough = s->steps != NULL && s->level != NULL;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i] = PyMem_RawMalloc(count * sizeof **arrays[i]);
        enough = enough && *arrays[i] != NULL;
    }
    return enough;
}

#endif
