#include "cli/versions.h"

#include "common/base/version.h"
#include "common/kafka/kafka_client.h"

#include <cblas.h>
#include <microhttpd.h>
#include <msgpack.h>
#include <sodium.h>
#include <zlib.h>
#include <zstd.h>

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
            "%s\n",
            PCTR_VERSION, kafka_library_version(), msgpack_version(),
            MHD_get_version(), sodium_version_string(), zlibVersion(),
            ZSTD_versionString(), openblas_get_config());
}
