#include "producer/feed/label_queue.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool before(const struct waiting_label *a, const struct waiting_label *b)
{
    return a->ts_ms != b->ts_ms ? a->ts_ms < b->ts_ms : a->order < b->order;
}

static void swap(struct waiting_label *a, struct waiting_label *b)
{
    struct waiting_label moved = *a;
    *a = *b;
    *b = moved;
}

static void move_text(struct id *id, char **to)
{
    if (!id->text)
        return;
    memcpy(*to, id->text, id->size);
    id->text = *to;
    *to += id->size;
}

static size_t text_size(const struct id *id)
{
    return id->text ? id->size : 0;
}

/* Integers need no memory of their own. */
static int own_texts(struct waiting_label *label)
{
    size_t size =
        text_size(&label->id) + text_size(&label->user) + text_size(&label->ad);

    label->texts = NULL;
    if (size == 0)
        return 0;
    label->texts = malloc(size);
    if (!label->texts)
        return -1;
    char *to = label->texts;
    move_text(&label->id, &to);
    move_text(&label->user, &to);
    move_text(&label->ad, &to);
    return 0;
}

static int grow(struct label_queue *queue)
{
    size_t room = queue->room ? queue->room * 2 : 256;
    struct waiting_label *heap = realloc(queue->heap, room * sizeof(*heap));

    if (!heap)
        return -1;
    queue->heap = heap;
    queue->room = room;
    return 0;
}

int label_queue_push(struct label_queue *queue,
                     const struct waiting_label *label, struct error *err)
{
    struct waiting_label own = *label;

    if ((queue->count == queue->room && grow(queue) < 0) || own_texts(&own) < 0)
        return error_no_memory(err, "the labels");
    own.order = queue->pushed++;

    size_t at = queue->count++;
    queue->heap[at] = own;
    for (; at > 0 && before(&queue->heap[at], &queue->heap[(at - 1) / 2]);
         at = (at - 1) / 2)
        swap(&queue->heap[at], &queue->heap[(at - 1) / 2]);
    return 0;
}

const struct waiting_label *label_queue_first(const struct label_queue *queue)
{
    return queue->count ? queue->heap : NULL;
}

void label_queue_pop(struct label_queue *queue)
{
    struct waiting_label *heap = queue->heap;
    char *texts = heap[0].texts;

    heap[0] = heap[--queue->count];
    free(texts); /* NOLINT(clang-analyzer-unix.Malloc): it loses track of
                    what swap() moves */
    for (size_t at = 0, child; (child = 2 * at + 1) < queue->count;
         at = child) {
        if (child + 1 < queue->count && before(&heap[child + 1], &heap[child]))
            child++;
        if (!before(&heap[child], &heap[at]))
            return;
        swap(&heap[child], &heap[at]);
    }
}

void label_queue_free(struct label_queue *queue)
{
    while (queue->count > 0)
        label_queue_pop(queue);
    free(queue->heap);
    *queue = (struct label_queue){0};
}
