#include "str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool str_eq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Not strcasecmp(): that one asks the locale. */
bool str_ieq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

bool str_starts(const char *s, const char *prefix)
{
	return s && prefix && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t len, tail;

	if (!s || !suffix)
		return false;
	len = strlen(s);
	tail = strlen(suffix);
	return len >= tail && memcmp(s + len - tail, suffix, tail) == 0;
}

bool str_empty(const char *s)
{
	return !s || !*s;
}

const char *str_or(const char *s, const char *other)
{
	return str_empty(s) ? other : s;
}

static bool is_decimal(const char *s)
{
	if (!s)
		return false;
	if (*s == '-')
		s++;
	return *s && s[strspn(s, "0123456789")] == '\0';
}

enum err_code str_to_i64(const char *s, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	long long v;

	if (!is_decimal(s))
		return err_set(e, ERR_INVALID, "\"%s\" is not a whole number", s ? s : "");
	errno = 0;
	v = strtoll(s, NULL, 10);
	if (errno == ERANGE || v < min || v > max)
		return err_set(e, ERR_INVALID, "\"%s\" is not between %lld and %lld", s,
		               (long long)min, (long long)max);
	*out = v;
	return ERR_OK;
}

static bool is_one_of(const char *s, const char *const *words)
{
	for (; *words; words++)
		if (str_ieq(s, *words))
			return true;
	return false;
}

bool str_to_bool(const char *s, bool *out)
{
	static const char *const yes[] = { "true", "yes", "on", "1", "t", "y", NULL };
	static const char *const no[] = { "false", "no", "off", "0", "f", "n", NULL };

	if (is_one_of(s, yes))
		*out = true;
	else if (is_one_of(s, no))
		*out = false;
	else
		return false;
	return true;
}

const char *str_bytes(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)bytes / 1024.0;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(buf, size, "%u B", (unsigned)bytes);
		return buf;
	}
	/* 1023.995 would be printed as 1024.00. */
	while (v >= 1023.995 && i + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1024.0;
		i++;
	}
	snprintf(buf, size, "%.2f %s", v, units[i]);
	return buf;
}

/* Length of the sequence that starts with C; 0 when C cannot start one. */
static size_t utf8_len(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

/* Overlong forms, surrogates and code points over U+10FFFF show in the second byte. */
static bool second_fits(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second <= 0x9f;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second <= 0x8f;
	default:
		return true;
	}
}

size_t str_utf8_next(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t want, i;

	if (len == 0)
		return 0;
	want = utf8_len(u[0]);
	if (want == 0 || want > len)
		return 0;
	for (i = 1; i < want; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	return want == 1 || second_fits(u[0], u[1]) ? want : 0;
}

bool str_is_utf8(const char *s, size_t len)
{
	size_t n;

	while (len) {
		n = str_utf8_next(s, len);
		if (n == 0)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

bool str_field(const char **cursor, const char *seps, char *buf, size_t size)
{
	size_t len, keep;

	if (!*cursor)
		return false;
	len = strcspn(*cursor, seps);
	if (size) {
		keep = len < size ? len : size - 1;
		memcpy(buf, *cursor, keep);
		buf[keep] = '\0';
	}
	*cursor = (*cursor)[len] ? *cursor + len + 1 : NULL;
	return true;
}
