-- Webhooks deliver the events of every stream, each stream's in their order, so what waits to be repeated and what was answered
-- names the stream. Both tables are small: at most 5,000 events wait for a webhook, and 20,000 answers of each are kept.
--
-- Older code does not survive beside it, see 0021: it delivers nothing, and what waits goes on waiting.

alter table webhook_parked rename to webhook_retry_queue;
alter table webhook_retry_queue rename constraint webhook_parked_webhook_id_fkey to webhook_retry_queue_webhook_id_fkey;
alter table webhook_retry_queue rename column order_uid to stream_id;
alter table webhook_retry_queue add column stream_type text collate "C" not null default 'order';
alter table webhook_retry_queue drop constraint webhook_parked_pkey;
alter table webhook_retry_queue add primary key (webhook_id, stream_id, stream_type, sequence);

alter table webhook_deliveries rename column order_uid to stream_id;
alter table webhook_deliveries
  add column stream_type    text collate "C" not null default 'order',
  add column concerns_order text collate "C"; -- as in events
