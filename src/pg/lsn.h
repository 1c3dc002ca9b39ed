/* Positions in the WAL, as PostgreSQL writes them: "16/B374D848". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t pg_lsn;

#define LSN_INVALID   ((pg_lsn)0)
#define LSN_TEXT_SIZE 20

/* The whole text is one LSN; false (and *OUT untouched) when it is not. */
bool lsn_parse(const char *text, pg_lsn *out);
/* "0/3000028" into BUF; returns BUF. */
const char *lsn_format(pg_lsn lsn, char buf[LSN_TEXT_SIZE]);
/* A - B in bytes, saturating at the limits of int64_t. */
int64_t lsn_diff(pg_lsn a, pg_lsn b);
/* How far REPLICA is behind SOURCE in bytes; never negative. */
uint64_t lsn_behind(pg_lsn source, pg_lsn replica);
