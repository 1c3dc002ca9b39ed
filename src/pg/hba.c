#include "pg/hba.h"

#include <string.h>

/* Where the server's rules for words stand (hba.c, next_token). */
struct word_reader {
	const char *p, *end;
	size_t field;
	bool after_comma; /* the next word belongs to the same field */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A backslash at a line's end and the end itself read as nothing. */
static bool skip_continuation(struct word_reader *r)
{
	const char *p = r->p;

	if (*p != '\\')
		return false;
	if (++p < r->end && *p == '\r')
		p++;
	if (p == r->end || *p != '\n')
		return false;
	r->p = p + 1;
	return true;
}

static void skip_separators(struct word_reader *r)
{
	while (r->p < r->end) {
		if (skip_continuation(r))
			continue;
		if (!is_blank(*r->p) && *r->p != ',')
			return;
		r->after_comma = r->after_comma || *r->p == ',';
		r->p++;
	}
}

static bool ends_word(char c, bool in_quote)
{
	if (in_quote)
		return c == '\n' || c == '\r'; /* the server ends a quote with the line */
	return is_blank(c) || c == ',' || c == '#';
}

/* The text of one word without quotes into OUT; tells whether it began with a quote. */
static bool read_word(struct word_reader *r, struct strbuf *out)
{
	bool in_quote = false, was_quote = false, starts_quoted = *r->p == '"';

	for (; r->p < r->end; r->p++) {
		char c = *r->p;

		if (ends_word(c, in_quote))
			break;
		if (skip_continuation(r)) {
			r->p--;
			continue;
		}
		if (c != '"' || was_quote)
			strbuf_addc(out, c);
		was_quote = in_quote && c == '"' ? !was_quote : false;
		in_quote = in_quote != (c == '"');
	}
	return starts_quoted;
}

/* The next word of a line; false at its end. */
static bool next_word(struct word_reader *r, struct hba_token *token, struct strbuf *text)
{
	bool is_first = r->field == 0 && !r->after_comma && token->text == NULL;

	skip_separators(r);
	if (r->p >= r->end || *r->p == '#')
		return false;
	if (!is_first && !r->after_comma)
		r->field++;
	strbuf_reset(text);
	token->quoted = read_word(r, text);
	token->field = r->field;
	token->text = "";
	r->after_comma = r->p < r->end && *r->p == ',';
	return true;
}

static void split_line(struct hba_line *line, struct arena *a)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct word_reader r = { .p = line->raw, .end = line->raw + line->raw_len };
	struct hba_token token = { 0 };
	size_t count = 0;

	while (next_word(&r, &token, &text))
		count++;
	line->tokens = ARENA_NEWN(a, count + 1, struct hba_token);
	r = (struct word_reader){ .p = line->raw, .end = line->raw + line->raw_len };
	token = (struct hba_token){ 0 };
	while (next_word(&r, &token, &text)) {
		line->tokens[line->token_count] = token;
		line->tokens[line->token_count++].text =
		        arena_strndup(a, strbuf_cstr(&text), text.len);
	}
}

/* End of the line that begins at P, its newline included. */
static const char *line_end(const char *p, const char *end)
{
	const char *newline = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;

	return newline == NULL ? end : newline + 1;
}

static const char *logical_line_end(const char *p, const char *end)
{
	for (;;) {
		const char *stop = line_end(p, end), *last = stop;

		while (last > p && (last[-1] == '\n' || last[-1] == '\r'))
			last--;
		if (stop == end || last == p || last[-1] != '\\')
			return stop;
		p = stop;
	}
}

static size_t count_lines(const char *p, const char *end)
{
	size_t n = 0;

	for (; p < end; p = logical_line_end(p, end))
		n++;
	return n;
}

enum err_code hba_parse(const char *text, size_t len, struct arena *a, struct hba_file *out,
                        struct err *e)
{
	struct hba_file file = { 0 };
	const char *end = text + len;

	if (len > 0 && memchr(text, '\0', len) != NULL)
		return err_set(e, ERR_PARSE, "pg_hba.conf has a NUL byte");
	file.lines = ARENA_NEWN(a, count_lines(text, end) + 1, struct hba_line);
	for (const char *p = text; p < end; p = logical_line_end(p, end)) {
		struct hba_line *line = &file.lines[file.count++];

		line->raw = p;
		line->raw_len = (size_t)(logical_line_end(p, end) - p);
		split_line(line, a);
	}
	*out = file;
	return ERR_OK;
}
