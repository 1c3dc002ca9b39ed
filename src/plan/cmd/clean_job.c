/* clean_job: undo what another job left when its hosts were away. */
#include "plan/clean.h"
#include "plan/command.h"

enum err_code cmd_clean_job(struct run *r, bool *is_done, struct json **result, struct err *e)
{
	int64_t id = json_get_int(r->data, "job_id", 0);

	*is_done = true;
	if (id <= 0)
		return err_set(e, ERR_INVALID,
		               "the number of the job to clean up after is missing");
	TRY(clean_job(r, id, e));
	run_say(r, "Nothing of job %lld is left.", (long long)id);
	return ERR_OK;
}
