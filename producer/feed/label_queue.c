#include "producer/feed/label_queue.h"

#include "common/base/array.h"
#include "common/base/heap.h"

#include <stdlib.h>
#include <string.h>

static bool comes_before(const void *context, const void *a, const void *b)
{
    const struct waiting_label *label = a, *other = b;

    (void)context;
    return label->ts_ms != other->ts_ms ? label->ts_ms < other->ts_ms
                                        : label->order < other->order;
}

static struct heap heap_of(const struct label_queue *queue)
{
    return (struct heap){.items = queue->heap,
                         .item_size = sizeof(*queue->heap),
                         .comes_before = comes_before};
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

int label_queue_push(struct label_queue *queue,
                     const struct waiting_label *label, struct error *err)
{
    struct waiting_label own = *label;
    struct waiting_label *list =
        array_with_room(queue->heap, queue->count, &queue->room, sizeof(*list));

    if (list)
        queue->heap = list;
    if (!list || own_texts(&own) < 0)
        return error_no_memory(err, "the labels");
    own.order = queue->pushed++;
    const struct heap heap = heap_of(queue);
    heap_rise(&heap, queue->count++, &own);
    return 0;
}

const struct waiting_label *label_queue_first(const struct label_queue *queue)
{
    return queue->count ? queue->heap : NULL;
}

void label_queue_pop(struct label_queue *queue)
{
    const struct heap heap = heap_of(queue);
    char *texts = queue->heap[0].texts;
    struct waiting_label last = queue->heap[--queue->count];

    if (queue->count > 0)
        heap_sink(&heap, queue->count, 0, &last);
    free(texts);
}

void label_queue_free(struct label_queue *queue)
{
    while (queue->count > 0)
        label_queue_pop(queue);
    free(queue->heap);
    *queue = (struct label_queue){0};
}
