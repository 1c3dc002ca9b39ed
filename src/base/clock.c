#include "clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* 1900-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z */
#define FIRST_MS (-2208988800000)
#define LAST_MS  253402300799999

static int64_t now_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
	return now_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
	return now_ms(CLOCK_MONOTONIC);
}

void clock_sleep_ms(int64_t ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	if (ms <= 0)
		return;
	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

const char *clock_iso(int64_t wall_ms, char buf[CLOCK_ISO_SIZE])
{
	int64_t ms = wall_ms % 1000;
	struct tm tm = { 0 };
	time_t sec;
	size_t used;

	if (ms < 0)
		ms += 1000;
	sec = (time_t)((wall_ms - ms) / 1000);
	gmtime_r(&sec, &tm);
	used = strftime(buf, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + used, CLOCK_ISO_SIZE - used, ".%03dZ", (int)ms);
	return buf;
}

/* Exactly DIGITS digits at *S, a number between MIN and MAX; moves *S behind them. */
static bool take_number(const char **s, int digits, int min, int max, int *out)
{
	int v = 0;

	for (; digits > 0; digits--, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		v = v * 10 + (**s - '0');
	}
	*out = v;
	return v >= min && v <= max;
}

static bool take_char(const char **s, const char *one_of)
{
	if (!**s || !strchr(one_of, **s))
		return false;
	(*s)++;
	return true;
}

/* ".540123": milliseconds of it, 0 when there is none. */
static bool take_fraction(const char **s, int *ms)
{
	int scale = 100;

	*ms = 0;
	if (!take_char(s, "."))
		return true;
	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; (*s)++) {
		*ms += (**s - '0') * scale;
		scale /= 10;
	}
	return true;
}

/* "", "Z", "+02:00", "+0200" or "+02": seconds east of Greenwich. */
static bool take_zone(const char **s, int *offset_s)
{
	int sign, hours, minutes = 0;

	*offset_s = 0;
	if (!**s || take_char(s, "Zz"))
		return true;
	sign = **s == '-' ? -1 : 1;
	if (!take_char(s, "+-") || !take_number(s, 2, 0, 14, &hours))
		return false;
	take_char(s, ":");
	if (**s && !take_number(s, 2, 0, 59, &minutes))
		return false;
	*offset_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool take_day(const char **s, struct tm *tm)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year, month, max;

	if (!take_number(s, 4, 1900, 9999, &year) || !take_char(s, "-") ||
	    !take_number(s, 2, 1, 12, &month) || !take_char(s, "-"))
		return false;
	max = days[month - 1];
	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		max = 29;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	return take_number(s, 2, 1, max, &tm->tm_mday);
}

static bool take_time(const char **s, struct tm *tm)
{
	return take_number(s, 2, 0, 23, &tm->tm_hour) && take_char(s, ":") &&
	       take_number(s, 2, 0, 59, &tm->tm_min) && take_char(s, ":") &&
	       take_number(s, 2, 0, 60, &tm->tm_sec);
}

bool clock_parse(const char *s, int64_t *wall_ms)
{
	struct tm tm = { 0 };
	int ms, offset_s;
	int64_t got_ms;

	if (!s || !take_day(&s, &tm) || !take_char(&s, "T ") || !take_time(&s, &tm))
		return false;
	if (!take_fraction(&s, &ms) || !take_zone(&s, &offset_s) || *s)
		return false;
	got_ms = ((int64_t)timegm(&tm) - offset_s) * 1000 + ms;
	/* A zone can lead out of the years that can be written. */
	if (got_ms < FIRST_MS || got_ms > LAST_MS)
		return false;
	*wall_ms = got_ms;
	return true;
}
