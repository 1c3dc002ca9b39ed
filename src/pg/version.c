#include "pg/version.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* A number below 1000; NULL when there is none. */
static const char *parse_part(const char *s, int *out)
{
	int v = 0, digits = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		if (++digits > 3)
			return NULL;
		v = v * 10 + (*s - '0');
	}
	*out = v;
	return digits > 0 ? s : NULL;
}

/* What may follow a version: nothing, a blank, a package suffix, beta1, rc2, devel. */
static bool is_version_end(const char *s)
{
	return *s == '\0' || strchr(" -+~,(\t\r\n", *s) != NULL || str_starts(s, "beta") ||
	       str_starts(s, "rc") || str_starts(s, "devel");
}

static bool make_number(const int part[3], int count, int *num)
{
	bool is_old = part[0] < 10;

	if (part[0] < 1 || (is_old && count < 2) || (!is_old && count > 2))
		return false;
	if (part[1] > 99 || part[2] > 99)
		return false;
	*num = is_old ? part[0] * 10000 + part[1] * 100 + part[2] : part[0] * 10000 + part[1];
	return true;
}

bool pg_version_parse(const char *text, int *num)
{
	static const char prefix[] = "PostgreSQL ";
	int part[3] = { 0, 0, 0 }, count = 0;

	if (text == NULL)
		return false;
	if (str_starts(text, prefix))
		text += sizeof(prefix) - 1;
	do {
		text = parse_part(text, &part[count]);
		if (text == NULL)
			return false;
		count++;
	} while (count < 3 && *text == '.' && text++ != NULL);
	if (!is_version_end(text))
		return false;
	return make_number(part, count, num);
}

const char *pg_version_format(int num, char buf[PG_VERSION_TEXT_SIZE])
{
	if (num < 100000)
		(void)snprintf(buf, PG_VERSION_TEXT_SIZE, "%d.%d.%d", num / 10000, num / 100 % 100,
		               num % 100);
	else
		(void)snprintf(buf, PG_VERSION_TEXT_SIZE, "%d.%d", num / 10000, num % 10000);
	return buf;
}

const char *pg_version_major(int num, char buf[PG_VERSION_TEXT_SIZE])
{
	if (num < 100000)
		(void)snprintf(buf, PG_VERSION_TEXT_SIZE, "%d.%d", num / 10000, num / 100 % 100);
	else
		(void)snprintf(buf, PG_VERSION_TEXT_SIZE, "%d", num / 10000);
	return buf;
}

int pg_version_floor(int num)
{
	return num < 100000 ? num / 100 * 100 : num / 10000 * 10000;
}

int pg_version_minor(int num)
{
	return num - pg_version_floor(num);
}

bool pg_version_same_major(int a, int b)
{
	return pg_version_floor(a) == pg_version_floor(b);
}

bool pg_version_has_recovery_conf(int num)
{
	return num < 120000;
}
