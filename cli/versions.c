#include "cli/versions.h"

#include "common/base/version.h"
#include "common/kafka/kafka_client.h"

#include <cblas.h>
#include <curl/curl.h>
#include <jansson.h>
#include <microhttpd.h>
#include <msgpack.h>
#include <sodium.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

/* The library's own name for its version has those of its parts behind it. */
static const char *libcurl_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}

void versions_label(struct metric_label labels[VERSION_LABELS])
{
    const struct metric_label all[VERSION_LABELS] = {
        {"version", PCTR_VERSION},
        {"compiler", __VERSION__},
        {"librdkafka", kafka_library_version()},
        {"msgpack_c", msgpack_version()},
        {"libmicrohttpd", MHD_get_version()},
        {"libsodium", sodium_version_string()},
        {"zlib", zlibVersion()},
        {"libzstd", ZSTD_versionString()},
        {"jansson", jansson_version_str()},
        {"libcurl", libcurl_version()},
        {"openblas", openblas_get_config()},
        {NULL, NULL}};

    memcpy(labels, all, sizeof(all));
}

void versions_print(FILE *out)
{
    fprintf(out,
            "pctr %s\n"
            "librdkafka %s\n"
            "msgpack-c %s\n"
            "libmicrohttpd %s\n"
            "libsodium %s\n"
            "zlib %s\n"
            "libzstd %s\n"
            "jansson %s\n"
            "libcurl %s\n"
            "%s\n",
            PCTR_VERSION, kafka_library_version(), msgpack_version(),
            MHD_get_version(), sodium_version_string(), zlibVersion(),
            ZSTD_versionString(), jansson_version_str(), libcurl_version(),
            openblas_get_config());
}
