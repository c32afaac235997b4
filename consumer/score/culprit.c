#include "consumer/score/culprit.h"

/* A failure that nobody has a name for is blamed on the content only when it
 * keeps coming back. */
enum { DOUBTFUL_FAILURES = 2 };

static bool blames_content(const struct culprit *culprit,
                           const struct error *why)
{
    return why->code == ERROR_LIMIT || why->code == ERROR_FORMAT ||
           (why->code == ERROR_FAILED && culprit->failures > DOUBTFUL_FAILURES);
}

enum culprit_advice culprit_suspect(struct culprit *culprit, size_t records,
                                    struct record_position last,
                                    const struct error *why)
{
    culprit->failures++;
    if (records == 0 || !blames_content(culprit, why))
        return CULPRIT_AS_BEFORE;
    if (records > 1) {
        culprit->alone = records;
        return CULPRIT_ONE_BY_ONE;
    }
    if (culprit_is(culprit, last))
        return CULPRIT_HOPELESS;
    culprit->known = true;
    culprit->position = last;
    culprit->why = *why;
    return CULPRIT_AS_BEFORE;
}

bool culprit_clear(struct culprit *culprit)
{
    culprit->failures = 0;
    culprit->known = false;
    return culprit->alone > 0 && --culprit->alone == 0;
}
