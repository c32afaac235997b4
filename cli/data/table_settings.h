/*
 * table_settings.h - how a file of rows is read: settings that all commands
 * with a FILE share.
 */
#ifndef CLI_TABLE_SETTINGS_H
#define CLI_TABLE_SETTINGS_H

#include "common/base/config_key.h"
#include "common/base/table.h"

/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): a member's name takes none */
#define TABLE_KEYS(options) \
    {GROUP_COLUMNS, "format",    CONFIG_CHOICE, FIELD(options.format), "auto", 0, 0, TABLE_FORMAT_WORDS, "format of FILE"}, \
    {GROUP_COLUMNS, "separator", CONFIG_TEXT, FIELD(options.separator), "", 0, 0, NULL, "separator of the columns, as ; or tab; empty: the one that the first line holds most of"}, \
    {GROUP_COLUMNS, "header",    CONFIG_CHOICE, FIELD(options.header), "auto", 0, 0, TABLE_HEADER_WORDS, "whether the first line names the columns; without a header they are called 1, 2, 3"}
#define PAIR_COLUMN_KEYS(user, ad) \
    {GROUP_COLUMNS, "column.user", CONFIG_TEXT, FIELD(user), "", 0, 0, NULL, "column with the user; empty: user, user_id, userId or uid"}, \
    {GROUP_COLUMNS, "column.ad",   CONFIG_TEXT, FIELD(ad),   "", 0, 0, NULL, "column with the ad; empty: ad, ad_id, item, item_id or movieId"}
#define CLICK_COLUMN_KEYS(click, click_min) \
    {GROUP_COLUMNS, "column.click", CONFIG_TEXT, FIELD(click), "", 0, 0, NULL, "column with the label; empty: click, rating or label"}, \
    {GROUP_COLUMNS, "click.min",    CONFIG_F64,  FIELD(click_min), "0", 0, 1e9, NULL, "least label that is a click (ratings: 4); 0: labels as they are"}
/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

#endif
