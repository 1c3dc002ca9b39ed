/* PostgreSQL versions as server_version_num: 150018 is 15.18, 90624 is 9.6.24.
 * The major version of 9.6.24 is 9.6, that of 15.18 is 15. */
#pragma once

#include <stdbool.h>

#define PG_VERSION_MIN       90600
#define PG_VERSION_TEXT_SIZE 16

/* From "15.18 (Debian 15.18-1)", "9.6", "16", "17beta1" or "PostgreSQL 11.5 on x86_64 ...";
 * a major version alone gives its first number (150000).  False when it is none. */
bool pg_version_parse(const char *text, int *num);
/* "15.18", "9.6.24", into BUF; returns BUF. */
const char *pg_version_format(int num, char buf[PG_VERSION_TEXT_SIZE]);
/* "15", "9.6", into BUF; returns BUF. */
const char *pg_version_major(int num, char buf[PG_VERSION_TEXT_SIZE]);
/* The first number of the major version: 150018 -> 150000, 90624 -> 90600. */
int pg_version_floor(int num);
/* 18 of 150018, 24 of 90624. */
int pg_version_minor(int num);
/* Streaming replication works between A and B. */
bool pg_version_same_major(int a, int b);
/* Settings of a standby are in recovery.conf, not in the configuration. */
bool pg_version_has_recovery_conf(int num);
