-- What waits to be put into the index is read by every search: little may wait.
alter index fathom.entries_by_words set (gin_pending_list_limit = 256);
