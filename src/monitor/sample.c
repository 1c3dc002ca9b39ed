#include "monitor/sample.h"

#include <stdlib.h>

void sample_release(struct node_sample *s)
{
	free(s->senders);
	free(s->names);
	free(s->slots);
	*s = (struct node_sample){ 0 };
}

const struct sender_name *sample_sender_name(const struct node_sample *s, int64_t pid)
{
	for (size_t i = 0; i < s->n_names; i++) {
		if (s->names[i].pid == pid)
			return &s->names[i];
	}
	return NULL;
}

bool sample_knows_senders(const struct node_sample *s)
{
	for (size_t i = 0; i < s->n_senders; i++) {
		if (sample_sender_name(s, s->senders[i].pid) == NULL)
			return false;
	}
	return true;
}

pg_lsn sample_received(const struct node_sample *s)
{
	pg_lsn received = s->receiver.received;

	if (s->received > received)
		received = s->received;
	/* A standby that has read from an archive only has received nothing. */
	return s->replayed > received ? s->replayed : received;
}

int64_t sample_timeline(const struct node_sample *s)
{
	if (!s->in_recovery)
		return s->timeline;
	return s->receiver.timeline > s->control_timeline ? s->receiver.timeline
	                                                  : s->control_timeline;
}
