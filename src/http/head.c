#include "http/head.h"

#include <string.h>
#include <strings.h>

#include <event2/buffer.h>

#include "base/str.h"

#define NAME     "transfer-encoding:"
#define VALUE    "identity"
#define LINE_MAX 64 /* with blanks around the value */

static bool says_identity(const char *line)
{
	size_t len;

	if (strncasecmp(line, NAME, strlen(NAME)) != 0)
		return false;
	line += strlen(NAME);
	line += strspn(line, " \t");
	len = strlen(VALUE);
	return strncasecmp(line, VALUE, len) == 0 && line[len + strspn(line + len, " \t")] == '\0';
}

static void rename_line(struct evbuffer *in, struct evbuffer_ptr *at)
{
	struct evbuffer_iovec first;

	if (evbuffer_peek(in, 1, at, &first, 1) >= 1 && first.iov_len > 0)
		*(char *)first.iov_base = 'X';
}

static void look_at(struct evbuffer *in, struct evbuffer_ptr *at, size_t len)
{
	char line[LINE_MAX + 1] = "";

	if (len < strlen(NAME) || len > LINE_MAX)
		return;
	if (evbuffer_copyout_from(in, at, line, len) == (ev_ssize_t)len && says_identity(line))
		rename_line(in, at);
}

bool head_hide_identity(struct evbuffer *in)
{
	struct evbuffer_ptr at;

	evbuffer_ptr_set(in, &at, 0, EVBUFFER_PTR_SET);
	for (;;) {
		size_t eol_len = 0;
		struct evbuffer_ptr eol = evbuffer_search_eol(in, &at, &eol_len, EVBUFFER_EOL_CRLF);

		if (eol.pos < 0)
			return false;
		if (eol.pos == at.pos)
			return true;
		look_at(in, &at, (size_t)(eol.pos - at.pos));
		if (evbuffer_ptr_set(in, &at, (size_t)eol.pos + eol_len, EVBUFFER_PTR_SET) != 0)
			return false;
	}
}
