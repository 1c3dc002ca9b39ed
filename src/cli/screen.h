/* What is written for people: colours only where they are wanted, widths in columns of the
 * terminal, and texts of the controller without anything that a terminal would obey. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

enum tint { TINT_NONE, TINT_GREEN, TINT_YELLOW, TINT_RED, TINT_BLUE, TINT_BOLD, TINT_DIM };

struct screen {
	bool terminal; /* stdout is one */
	bool colours;
	bool utf8;
	bool batch;
	size_t columns; /* 0: unlimited */
};

/* WHEN: "auto", "always", "never" or NULL (auto). */
void screen_init(struct screen *s, const char *when, bool batch);
/* TEXT in a colour, if there are colours; "" is never coloured. */
void screen_tint(const struct screen *s, enum tint tint, const char *text, struct strbuf *out);
/* A text of the controller as one line: its markup becomes colours or nothing, control
 * characters blanks. */
void screen_text(const struct screen *s, const char *text, struct strbuf *out);
/* Columns that TEXT takes; escape sequences of screen_tint() take none. */
size_t screen_width(const char *text);
/* Append TEXT cut to WIDTH columns, with an ellipsis when something was cut. */
void screen_cut(const struct screen *s, const char *text, size_t width, struct strbuf *out);
/* ISO time for people: local, "HH:MM:SS" when it is today, else with the date; "-" for none. */
const char *screen_time(const char *iso, char buf[32]);
/* Write everything to stdout and empty the buffer. */
void screen_flush(struct strbuf *out);
