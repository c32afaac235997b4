/*
 * snapshot_refusal.h - why a published snapshot is not served.
 */
#ifndef CONSUMER_SNAPSHOT_REFUSAL_H
#define CONSUMER_SNAPSHOT_REFUSAL_H

/* The words are labels of a metric and of a log line: only ever add to the
 * end. */
enum snapshot_refusal {
    REFUSED_MANIFEST,  /* it cannot be decoded, breaks a limit or is newer */
    REFUSED_EPOCH,     /* it is not above one already seen */
    REFUSED_CHUNKS,    /* missing, doubled, reordered, wrong checksum */
    REFUSED_DIGEST,    /* the SHA-256 of the whole differs */
    REFUSED_FORMAT,    /* no snapshot, or one of a newer format */
    REFUSED_PROBE,     /* its predictions are not finite or off the scale */
    REFUSED_SIGNATURE, /* not signed by a key that is trusted */
    REFUSED_CHAIN,     /* a delta that continues no state that is there */
    REFUSED_COUNT
};
#define SNAPSHOT_REFUSAL_WORDS                                                 \
    "manifest|epoch|chunks|digest|format|probe|signature|chain"

#endif
