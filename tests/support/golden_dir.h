/*
 * golden_dir.h - the folder of the files that tests compare with: the build
 * names it, so that a test runs in any folder.
 */
#ifndef SUPPORT_GOLDEN_DIR_H
#define SUPPORT_GOLDEN_DIR_H

#ifndef GOLDEN_DIR
#define GOLDEN_DIR "tests/golden" /* from the top of the source */
#endif

#endif
