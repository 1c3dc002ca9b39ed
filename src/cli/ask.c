#include "cli/ask.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/strbuf.h"

#define SECRET_MAX 1024

/* One line, byte by byte: nothing behind it may be taken away from whoever reads next. */
static enum err_code read_line(int fd, char **out, struct err *e)
{
	CLEANUP(strbuf_release_secret) struct strbuf line = STRBUF_INIT;
	char byte;
	ssize_t n;

	while ((n = read(fd, &byte, 1)) == 1 && byte != '\n') {
		if (line.len == SECRET_MAX)
			return err_set(e, ERR_LIMIT, "longer than %d bytes", SECRET_MAX);
		if (byte != '\r')
			strbuf_addc(&line, byte);
	}
	if (n < 0)
		return err_errno(e, ERR_CANCELLED, "read");
	if (!line.len)
		return err_set(e, ERR_INVALID, "nothing was entered");
	*out = xstrdup(strbuf_cstr(&line));
	return ERR_OK;
}

static enum err_code ask_on(int tty, const char *what, char **out, struct err *e)
{
	struct termios before, silent;
	enum err_code code;

	if (tcgetattr(tty, &before) != 0)
		return err_errno(e, ERR_IO, "terminal");
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(tty, TCSAFLUSH, &silent);
	dprintf(tty, "%s: ", what);
	code = read_line(tty, out, e);
	tcsetattr(tty, TCSAFLUSH, &before);
	dprintf(tty, "\n");
	return code;
}

enum err_code ask_secret(const char *what, bool from_stdin, char **out, struct err *e)
{
	CLEANUP(close_fd) int tty = -1;

	if (from_stdin && !isatty(STDIN_FILENO))
		return read_line(STDIN_FILENO, out, e);
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (tty < 0)
		return err_set(e, ERR_INVALID,
		               "the value is empty and there is no terminal to ask on");
	return ask_on(tty, what, out, e);
}
