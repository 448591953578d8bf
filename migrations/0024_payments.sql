-- Payments of orders, what was asked of their providers, and what is left for a person. New tables, a column and a looser constraint.
--
-- Older code survives beside it, and knows no payments: an order that it cancels or expires, also one whose payment is under way, keeps what
-- is authorized and captured. So take payments when the last older instance is gone (docs/payments.md, "Upgrading").

create table payments (
  order_uid           text collate "C" not null,
  payment_id          text collate "C" not null,
  provider            text        not null,
  provider_ref        text collate "C", -- what the provider calls it; null until the provider has answered
  currency            text        not null,
  amount              bigint      not null check (amount > 0),
  capture             text        not null check (capture in ('automatic', 'manual')),
  state               text        not null check (state in ('requires_action', 'processing', 'authorized', 'captured',
                                                            'partially_captured', 'failed', 'voided', 'expired')),
  -- Sums of the operations that succeeded, in minor units.
  authorized          bigint      not null default 0 check (authorized >= 0),
  captured            bigint      not null default 0 check (captured >= 0),
  released            bigint      not null default 0 check (released >= 0), -- authorized, and voided or expired without being captured
  refunded            bigint      not null default 0 check (refunded >= 0),
  disputed            bigint      not null default 0 check (disputed >= 0),
  -- Captured beyond what was authorized, as the provider reported it.
  overcaptured        bigint      not null default 0 check (overcaptured >= 0),
  -- Of what was captured and refunded, the part that is not the order's: it came for an order that is cancelled or expired, or beyond
  -- the order's amount. It is booked to suspense, and does not count in the order's totals.
  suspended           bigint      not null default 0 check (suspended >= 0),
  suspended_refunded  bigint      not null default 0 check (suspended_refunded >= 0),
  -- Of what is authorized and neither captured nor released, the part that is not the order's, for the same reasons.
  suspended_authorized bigint     not null default 0 check (suspended_authorized >= 0),
  -- Of what is suspended, the part that a person has decided to keep. It is booked to revenue.
  accepted            bigint      not null default 0 check (accepted >= 0),
  -- Paid back and taken back beyond what was captured, as the provider reported it, such as a dispute of a refunded payment.
  overdrawn           bigint      not null default 0 check (overdrawn >= 0),
  -- Sums of the operations under way.
  pending_capture     bigint      not null default 0 check (pending_capture >= 0),
  pending_refund      bigint      not null default 0 check (pending_refund >= 0),
  next_action         text, -- JSON
  authorized_until    timestamptz,
  failure_code        text,
  failure_message     text,
  version             integer     not null check (version >= 0), -- the sequence of its last event; 0 before the first
  created_at          timestamptz not null,
  updated_at          timestamptz not null,
  primary key (order_uid, payment_id),
  constraint captured_was_authorized check (captured + released + greatest(pending_capture, suspended_authorized)
                                              <= authorized + overcaptured),
  constraint suspended_was_captured check (suspended <= captured and suspended_refunded <= refunded
                                       and suspended_refunded + accepted <= suspended),
  constraint refunded_was_captured check (refunded + greatest(pending_refund, disputed) <= captured + overdrawn)
);

create index payments_by_id on payments (payment_id);
create index payments_by_time on payments (created_at, payment_id);
-- For lists by state: nearly every payment is captured in the end, and costs one entry for the moment before.
create index payments_by_state on payments (state, created_at, payment_id) where state <> 'captured';
create index payments_by_provider_ref on payments (provider, provider_ref) where provider_ref is not null;

-- What an order's payments come to. Whatever the code believes, no more than the order's amount is open, authorized or kept.
create table payment_totals (
  order_uid  text collate "C" primary key,
  currency   text    not null,
  amount     bigint  not null check (amount >= 0), -- of the order
  open       bigint  not null check (open >= 0), -- asked of a provider, and neither authorized nor failed
  authorized bigint  not null check (authorized >= 0), -- and neither captured nor released
  captured   bigint  not null check (captured >= 0),
  refunded   bigint  not null check (refunded >= 0),
  disputed   bigint  not null check (disputed >= 0),
  is_sold    boolean not null, -- whether the sale is in the ledger
  -- Another one after each change of the order's payments: an instance that remembers the stamp knows what the payments are.
  stamp      bigint  not null,
  constraint payments_fit_the_order check (open + authorized + captured - refunded <= amount)
);

-- Each row is soon written again, and has no index but its key: with room beside it no index has to follow.
alter table payment_totals set (fillfactor = 50);

-- What is asked of a provider: a row before it is a call. Rows are never removed.
create table payment_operations (
  order_uid       text collate "C" not null,
  payment_id      text collate "C" not null,
  operation_id    text collate "C" not null, -- also the provider's idempotency key
  kind            text        not null check (kind in ('authorize', 'capture', 'void', 'refund')),
  amount          bigint      not null check (amount > 0),
  is_final        boolean     not null, -- a capture that releases what is left
  state           text        not null check (state in ('requested', 'sent', 'succeeded', 'failed', 'unknown')),
  reason          text        not null,
  actor           text        not null,
  rids            text[]      not null, -- the items that a refund is for; none for a refund by amount
  method_token    text, -- what the provider authorizes by; never a card number; removed when the operation is settled
  return_url      text,
  provider_ref    text collate "C",
  failure_code    text,
  failure_message text,
  attempts        integer     not null check (attempts >= 0),
  requested_at    timestamptz not null,
  sent_at         timestamptz, -- of the first call
  settled_at      timestamptz,
  next_attempt_at timestamptz, -- null when settled
  traceparent     text,
  primary key (order_uid, payment_id, operation_id),
  constraint operation_is_settled_or_due check ((state in ('succeeded', 'failed')) = (next_attempt_at is null)
                                            and (state in ('succeeded', 'failed')) = (settled_at is not null)),
  constraint operation_was_sent check (state not in ('sent', 'unknown') or sent_at is not null)
);

create index payment_operations_due on payment_operations (next_attempt_at) where next_attempt_at is not null;

-- Payments that wait for something no operation waits for: the customer, or the provider's own time.
alter table payments add column next_look_at timestamptz;
create index payments_to_look_at on payments (next_look_at) where next_look_at is not null;

-- Disputes of payments as they were last reported.
create table payment_disputes (
  order_uid   text collate "C" not null,
  payment_id  text collate "C" not null,
  dispute_ref text collate "C" not null, -- what the provider calls it
  amount      bigint      not null check (amount > 0),
  state       text        not null check (state in ('open', 'won', 'lost')),
  updated_at  timestamptz not null,
  primary key (order_uid, payment_id, dispute_ref)
);

-- What providers told by webhook: kept before it is answered, applied once.
create table provider_events (
  provider        text        not null,
  event_id        text collate "C" not null,
  type            text        not null,
  provider_ref    text collate "C", -- the payment that is fetched from the provider; null when the event names none of ours
  state           text        not null check (state in ('received', 'applied', 'ignored')),
  attempts        integer     not null check (attempts >= 0),
  received_at     timestamptz not null,
  settled_at      timestamptz,
  next_attempt_at timestamptz,
  primary key (provider, event_id),
  constraint event_is_settled_or_due check ((state = 'received') = (next_attempt_at is not null)
                                        and (state <> 'received') = (settled_at is not null))
);

create index provider_events_due on provider_events (next_attempt_at) where next_attempt_at is not null;
create index provider_events_settled on provider_events (settled_at) where settled_at is not null;

-- Work that is left for a person. One issue for each thing, however often it is noticed.
create table payment_issues (
  issue_id    text collate "C" primary key,
  kind        text        not null check (kind in ('unmatched_money', 'late_payment', 'amount_mismatch', 'overpaid', 'unknown_outcome',
                                                   'refund_failed', 'dispute', 'authorization_expiring')),
  subject     text collate "C" not null, -- what it is about, such as an operation's id
  order_uid   text collate "C",
  payment_id  text collate "C",
  provider    text        not null,
  currency    text,
  amount      bigint      check (amount > 0),
  detail      text        not null,
  state       text        not null check (state in ('open', 'resolved')),
  version     integer     not null check (version >= 1),
  opened_at   timestamptz not null,
  resolved_at timestamptz,
  action      text, -- what was done about it
  reason      text,
  actor       text,
  constraint issue_is_open_or_resolved check ((state = 'resolved') = (resolved_at is not null and action is not null
                                              and reason is not null and actor is not null)),
  constraint issue_is_opened_once unique (kind, subject)
);

create index payment_issues_by_time on payment_issues (opened_at, issue_id);
create index payment_issues_open on payment_issues (kind, opened_at, issue_id) where state = 'open';
create index payment_issues_by_order on payment_issues (order_uid) where order_uid is not null;

-- The order waits for its payment until then, also beyond the time that unpaid orders have.
alter table orders add column payment_pending_until timestamptz;

-- That it waits is no change of the order: its version stays, and what instances have cached of it is right.
create or replace function notify_order_changed() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.version = old.version
     and new.payment_pending_until is distinct from old.payment_pending_until then
    return null;
  end if;
  perform pg_notify('order_changed', old.version + 1 || ' ' || old.order_uid);
  return null;
end $$;

-- A change of what is paid is a version of the order too, without a change of its status.
alter table order_transitions drop constraint transition_is_allowed;
alter table order_transitions add constraint transition_is_allowed check (
  (command = 'confirm'  and from_status in ('pending', 'on_hold')              and to_status = 'confirmed') or
  (command = 'hold'     and from_status = 'confirmed'                          and to_status = 'on_hold')   or
  (command = 'complete' and from_status = 'confirmed'                          and to_status = 'completed') or
  (command = 'cancel'   and from_status in ('pending', 'confirmed', 'on_hold') and to_status = 'cancelled') or
  (command = 'expire'   and from_status = 'pending'                            and to_status = 'expired')   or
  (command = 'pay'      and from_status = to_status)
) not valid;
alter table order_transitions validate constraint transition_is_allowed;
