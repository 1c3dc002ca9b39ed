/* pgtandem: the command line client. */
#include <stdio.h>

#include "cli/cli.h"

/* Raised by the first SIGINT or SIGTERM; the second one ends us at once. */
static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int main(int argc, char **argv)
{
	struct cli c = { .stop = &stop };
	struct err e = { 0 };
	int status = CLI_EXIT_OK;

	if (cli_init(&c, argc, argv, &status) == ERR_OK) {
		/* only now: a question on the terminal is ended by the signal itself */
		catch_signals();
		if (c.args.command->run(&c, &status, &e) != ERR_OK) {
			status = cli_exit_code(&c, &e);
			cli_report(&c, &e);
		}
	}
	cli_release(&c);
	if (fflush(stdout) != 0 || ferror(stdout))
		status = status ? status : CLI_EXIT_FAILED;
	return status;
}
