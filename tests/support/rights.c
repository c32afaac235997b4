#include "support/rights.h"

#include "support/kafka_fixture.h"
#include "support/own_broker.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/base/file.h"

#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RIGHTS_MAX = 64, PAGE_MAX = 1 << 20, ANSWER_MS = 60000 };

/* librdkafka 2.0.2 has no word for this kind of resource: Kafka's own tool
 * gives and takes these rights. */
#define TRANSACTIONAL_ID RD_KAFKA_RESOURCE_UNKNOWN

static struct right rights[RIGHTS_MAX];
static size_t right_count;
static rd_kafka_t *admin;
static struct error err;

/* --- The page --------------------------------------------------------- */

static const char *value_of(const char *line, const char *option, char out[64])
{
    const char *at = strstr(line, option);

    if (!at || sscanf(at + strlen(option), " %63s", out) != 1)
        return NULL;
    return out;
}

static void read_right(const char *command, const char *line)
{
    static const struct {
        const char *option;
        rd_kafka_ResourceType_t kind;
    } kinds[] = {{"--topic", RD_KAFKA_RESOURCE_TOPIC},
                 {"--group", RD_KAFKA_RESOURCE_GROUP},
                 {"--transactional-id", TRANSACTIONAL_ID}};
    static const struct {
        const char *word;
        rd_kafka_AclOperation_t operation;
    } operations[] = {{"Read", RD_KAFKA_ACL_OPERATION_READ},
                      {"Write", RD_KAFKA_ACL_OPERATION_WRITE},
                      {"Create", RD_KAFKA_ACL_OPERATION_CREATE},
                      {"Describe", RD_KAFKA_ACL_OPERATION_DESCRIBE}};
    struct right *right = &rights[right_count];
    char word[64];

    ck_assert_uint_lt(right_count++, RIGHTS_MAX);
    snprintf(right->command, sizeof(right->command), "%s", command);
    right->kind = RD_KAFKA_RESOURCE_BROKER; /* the cluster */
    snprintf(right->name, sizeof(right->name), "kafka-cluster");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (value_of(line, kinds[i].option, right->name))
            right->kind = (int)kinds[i].kind;
    right->pattern = strstr(line, "prefixed")
                         ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED
                         : RD_KAFKA_RESOURCE_PATTERN_LITERAL;
    ck_assert_msg(value_of(line, "--operation", word) != NULL, "%s", line);
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        if (strcmp(word, operations[i].word) == 0)
            right->operation = (int)operations[i].operation;
    ck_assert_msg(right->operation != RD_KAFKA_ACL_OPERATION_UNKNOWN, "%s",
                  line);
}

const struct right *rights_read(size_t *count)
{
    uint8_t *page = NULL;
    size_t size = 0;
    char command[32] = "", *rest = NULL;

    right_count = 0;
    ck_assert_ok(file_read(RIGHTS_PAGE, PAGE_MAX, &page, &size, &err), err);
    char *text = strndup((const char *)page, size);
    for (char *line = strtok_r(text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "    # pctr ", 11) == 0)
            snprintf(command, sizeof(command), "%s", line + 11);
        else if (strncmp(line, "    kafka-acls ", 15) == 0)
            read_right(command, line);
    }
    free(text);
    free(page);
    ck_assert_uint_gt(right_count, 20);
    *count = right_count;
    return rights;
}

bool right_is_of_cluster(const struct right *right)
{
    return right->kind == RD_KAFKA_RESOURCE_BROKER;
}

const char *right_operation(const struct right *right)
{
    return rd_kafka_AclOperation_name(
        (rd_kafka_AclOperation_t)right->operation);
}

/* --- Giving and taking ------------------------------------------------ */

void rights_connect(void)
{
    struct kafka_settings plain = kafka_fixture_settings();

    ck_assert_ok(kafka_client_new(&plain, KAFKA_ADMIN, NULL, &admin, &err),
                 err);
}

void rights_disconnect(void)
{
    rd_kafka_destroy(admin);
}

static void await_answer(rd_kafka_queue_t *queue, const char *task)
{
    rd_kafka_event_t *answer = rd_kafka_queue_poll(queue, ANSWER_MS);

    ck_assert_msg(answer && !rd_kafka_event_error(answer), "%s: %s", task,
                  answer ? rd_kafka_event_error_string(answer) : "no answer");
    rd_kafka_event_destroy(answer);
}

static void by_tool(const char *action, const struct right *right)
{
    const char *const words[] = {action,
                                 "--force",
                                 "--allow-principal",
                                 "User:pctr",
                                 "--operation",
                                 right_operation(right),
                                 "--transactional-id",
                                 right->name,
                                 "--resource-pattern-type",
                                 "prefixed",
                                 NULL};

    own_broker_acls(words);
}

void rights_give(const struct right *right)
{
    char why[256];

    if (right->kind == TRANSACTIONAL_ID) {
        by_tool("--add", right);
        return;
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(admin);
    rd_kafka_AclBinding_t *binding = rd_kafka_AclBinding_new(
        (rd_kafka_ResourceType_t)right->kind, right->name,
        (rd_kafka_ResourcePatternType_t)right->pattern, "User:pctr", "*",
        (rd_kafka_AclOperation_t)right->operation,
        RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, why, sizeof(why));

    ck_assert_msg(binding != NULL, "%s", why);
    rd_kafka_CreateAcls(admin, &binding, 1, NULL, queue);
    await_answer(queue, "give a right");
    rd_kafka_AclBinding_destroy(binding);
    rd_kafka_queue_destroy(queue);
}

void rights_take(const struct right *right)
{
    char why[256];

    if (right && right->kind == TRANSACTIONAL_ID) {
        by_tool("--remove", right);
        return;
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(admin);
    rd_kafka_AclBinding_t *filter =
        right ? rd_kafka_AclBindingFilter_new(
                    (rd_kafka_ResourceType_t)right->kind, right->name,
                    (rd_kafka_ResourcePatternType_t)right->pattern, "User:pctr",
                    "*", (rd_kafka_AclOperation_t)right->operation,
                    RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, why, sizeof(why))
              : rd_kafka_AclBindingFilter_new(
                    RD_KAFKA_RESOURCE_ANY, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY,
                    "User:pctr", NULL, RD_KAFKA_ACL_OPERATION_ANY,
                    RD_KAFKA_ACL_PERMISSION_TYPE_ANY, why, sizeof(why));

    ck_assert_msg(filter != NULL, "%s", why);
    rd_kafka_DeleteAcls(admin, &filter, 1, NULL, queue);
    await_answer(queue, "take a right");
    rd_kafka_AclBinding_destroy(filter);
    rd_kafka_queue_destroy(queue);
}

void rights_give_describe(const struct right *right)
{
    struct right describe = *right;

    describe.operation = RD_KAFKA_ACL_OPERATION_DESCRIBE;
    rights_give(&describe);
}

void rights_give_all(const char *command)
{
    rights_take(NULL);
    for (size_t i = 0; i < right_count; i++)
        if (strcmp(rights[i].command, command) == 0)
            rights_give(&rights[i]);
    clock_sleep_ms(RIGHTS_SPREAD_MS);
}
