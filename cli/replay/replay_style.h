/*
 * replay_style.h - how the replay's page looks, light and dark.
 */
#ifndef CLI_REPLAY_STYLE_H
#define CLI_REPLAY_STYLE_H

/* In lines, since a compiler need not take a longer text in one piece. */
extern const char *const replay_style[]; /* NULL ends */

#endif
