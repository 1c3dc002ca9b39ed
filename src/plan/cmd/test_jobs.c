/* success and fail: jobs that touch nothing, to try the way from client to runner. */
#include "base/clock.h"
#include "plan/command.h"

static enum err_code count(struct run *r, struct err *e)
{
	int i;

	for (i = 1; i <= 3; i++) {
		TRY(run_check_cancel(r, e));
		run_say(r, "Test message %d of 3.", i);
		run_progress(r, 100.0 * i / 3, "Testing");
		clock_sleep_ms(100);
	}
	return ERR_OK;
}

enum err_code cmd_success(struct run *r, bool *is_done, struct json **result, struct err *e)
{
	*is_done = true;
	return count(r, e);
}

enum err_code cmd_fail(struct run *r, bool *is_done, struct json **result, struct err *e)
{
	*is_done = true;
	TRY(count(r, e));
	return err_set(e, ERR_REFUSED, "this job was asked to fail");
}
