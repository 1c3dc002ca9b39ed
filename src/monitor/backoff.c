#include "monitor/backoff.h"

#include <stdint.h>

#include "base/random.h"

#define FIRST_MS     500
#define QUICK_CAP_MS 2000
#define SLOW_CAP_MS  8000

int backoff_jitter(int max_ms)
{
	uint32_t r;

	if (max_ms <= 0)
		return 0;
	random_bytes(&r, sizeof(r));
	return (int)(r % (uint32_t)(max_ms + 1));
}

int backoff_ms(unsigned int attempt, bool is_quick)
{
	int cap = is_quick ? QUICK_CAP_MS : SLOW_CAP_MS;
	int ms = attempt > 4 ? cap : FIRST_MS << attempt;

	ms = ms < cap ? ms : cap;
	return ms - ms / 4 + backoff_jitter(ms / 2);
}
