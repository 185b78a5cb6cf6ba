select run_id from fathom.runs where status not in ('finished', 'failed', 'cancelled') order by no
