/* Time: wall clock for people, monotonic for waiting; ISO 8601 with milliseconds as on the wire. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_ISO_SIZE 32

int64_t clock_wall_ms(void); /* since 1970, UTC */
int64_t clock_mono_ms(void);
void clock_sleep_ms(int64_t ms);
/* "2026-11-22T19:57:58.540Z" into BUF; returns BUF. */
const char *clock_iso(int64_t wall_ms, char buf[CLOCK_ISO_SIZE]);
/* ISO 8601 or "YYYY-MM-DD HH:MM:SS" (UTC). */
bool clock_parse(const char *s, int64_t *wall_ms);
