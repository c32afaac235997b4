/*
 * version.h - which pctr this is: for --version, logs and manifests.
 */
#ifndef COMMON_VERSION_H
#define COMMON_VERSION_H

#define PCTR_VERSION "0.1.0"

#endif
