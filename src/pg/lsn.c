#include "pg/lsn.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One to eight hex digits; NULL when there is none or there are more. */
static const char *parse_half(const char *s, uint32_t *out)
{
	uint32_t v = 0;
	int digits = 0;

	for (; hex_value(*s) >= 0; s++) {
		if (++digits > 8)
			return NULL;
		v = v << 4 | (uint32_t)hex_value(*s);
	}
	*out = v;
	return digits > 0 ? s : NULL;
}

bool lsn_parse(const char *text, pg_lsn *out)
{
	uint32_t high, low;

	if (text == NULL)
		return false;
	text = parse_half(text, &high);
	if (text == NULL || *text++ != '/')
		return false;
	text = parse_half(text, &low);
	if (text == NULL || *text != '\0')
		return false;
	*out = (pg_lsn)high << 32 | low;
	return true;
}

const char *lsn_format(pg_lsn lsn, char buf[LSN_TEXT_SIZE])
{
	(void)snprintf(buf, LSN_TEXT_SIZE, "%" PRIX32 "/%" PRIX32, (uint32_t)(lsn >> 32),
	               (uint32_t)lsn);
	return buf;
}

int64_t lsn_diff(pg_lsn a, pg_lsn b)
{
	if (a >= b)
		return a - b > INT64_MAX ? INT64_MAX : (int64_t)(a - b);
	return b - a > INT64_MAX ? INT64_MIN : -(int64_t)(b - a);
}

uint64_t lsn_behind(pg_lsn source, pg_lsn replica)
{
	return source > replica ? source - replica : 0;
}
