/* How long to wait before the next attempt to connect: more each time up to a cap, never exactly
 * the same for two nodes. */
#pragma once

#include <stdbool.h>

/* ATTEMPT counts from 0.  IS_QUICK: the attempt failed at once and cost nobody much. */
int backoff_ms(unsigned int attempt, bool is_quick);
/* 0 to MAX_MS. */
int backoff_jitter(int max_ms);
