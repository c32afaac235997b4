#include "common/registry/registry_settings.h"

#include <string.h>
#include <strings.h>

int registry_settings_check(const struct registry_settings *settings,
                            struct error *err)
{
    const char *url = settings->url;

    if (*url == '\0')
        return 0;
    if (strncasecmp(url, "http://", 7) != 0 &&
        strncasecmp(url, "https://", 8) != 0)
        return error_set(err, ERROR_CONFIG,
                         "registry.url: '%s' begins with neither http:// nor "
                         "https://",
                         url);
    if (strpbrk(url, "@?# "))
        return error_set(err, ERROR_CONFIG,
                         "registry.url: it must not hold a user, a question or "
                         "blanks: registry.user and registry.password are for "
                         "the first");
    if (settings->token[0] && settings->user[0])
        return error_set(err, ERROR_CONFIG,
                         "either registry.user or registry.token");
    return 0;
}
