import type { Context, Module, Running } from '../module.ts'
import { declareApi } from '../module-api.ts'
import { ordersApi } from '../orders/module.ts'
import type { StatusChangePart } from '../orders/status-change-part.ts'
import { unpaidExpiresAfterMs } from '../orders/variables.ts'
import { createProviderCalls } from './calls.ts'
import type { PaymentRules } from './changes.ts'
import { type CheckoutCommands, createCheckoutCommands } from './checkout-commands.ts'
import { checkoutPart } from './checkout-part.ts'
import { createPaymentCommands, type PaymentCommands } from './commands.ts'
import { paymentEventDefinitions } from './events.ts'
import { createPaymentWriter, type PaymentWriter } from './group.ts'
import { noHooks } from './hooks.ts'
import { createProviderInbox, type ProviderInbox } from './inbox.ts'
import { keepReference } from './keep-reference.ts'
import { createPaymentMetrics, type PaymentMetrics } from './metrics.ts'
import { followOrders } from './order-changes.ts'
import { createRefundCommands, type RefundCommands } from './order-refunds.ts'
import { paymentChecks } from './payment-checks.ts'
import { issueStream, paymentStream } from './payment-stream.ts'
import { type Providers, providersOf } from './providers.ts'
import { applyProviderReport, noteUnmatched } from './provider-reports.ts'
import { createSandbox } from './providers/sandbox.ts'
import { createStripeProvider } from './providers/stripe.ts'
import type { DeliverEvent } from './sandbox/webhooks.ts'
import { issueRoutes } from './routes-issues.ts'
import { moneyRoutes } from './routes-money.ts'
import { readRoutes } from './routes-read.ts'
import type { FollowedOrders } from './save.ts'
import { runSettlement } from './settlement.ts'
import { findUnderPayment } from './under-payment.ts'
import {
  confirmOn,
  paymentHoldMaxMinutes,
  paymentLatePolicy,
  paymentSandbox,
  stripeApiBase,
  stripeApiKey,
  stripeWebhookSecrets,
} from './variables.ts'

export type PaymentsApi = {
  commands: PaymentCommands
  checkout: CheckoutCommands
  refunds: RefundCommands
  writer: PaymentWriter
  rules: PaymentRules
}

export const paymentsApi = declareApi<PaymentsApi>('payments')

/** Payments of orders: asked of providers, booked in the ledger, and derived from there onto the order. */
export const paymentsModule: Module = {
  name: 'payments',
  title: 'Payments',
  buildsOn: ['events', 'orders', 'ledger'],
  tables: [
    { name: 'payments', order: 'order_uid, payment_id' },
    { name: 'payment_totals', order: 'order_uid' },
    { name: 'payment_operations', order: 'order_uid, payment_id, operation_id' },
    { name: 'payment_disputes', order: 'order_uid, payment_id, dispute_ref' },
    { name: 'provider_events', order: 'provider, event_id' },
    { name: 'payment_issues', order: 'issue_id' },
    { name: 'sandbox_payments', order: 'payment_ref' },
    { name: 'sandbox_events', order: 'event_id' },
  ],
  erase: {
    columns: {
      payments: [],
      payment_totals: [],
      payment_operations: [],
      payment_disputes: [],
      provider_events: [],
      payment_issues: [],
      sandbox_payments: [],
      sandbox_events: [],
    },
  },
  exports: {
    payments: { by: 'order' },
    payment_totals: { by: 'order' },
    payment_operations: { by: 'order' },
    payment_disputes: { by: 'order' },
    provider_events: { leftOut: 'names no order; what it changed stands with the payment' },
    payment_issues: { by: 'order' },
    sandbox_payments: { leftOut: 'stands for a provider, which has records of its own' },
    sandbox_events: { leftOut: 'stands for a provider, which has records of its own' },
  },
  streams: [paymentStream, issueStream],
  events: paymentEventDefinitions,
  variables: [
    ...[confirmOn, paymentLatePolicy, paymentHoldMaxMinutes, paymentSandbox],
    ...[stripeApiKey, stripeWebhookSecrets, stripeApiBase],
  ],
  placement: [checkoutPart],
  checks: paymentChecks,
  scopes: ['payments:write'],
  tags: { payments: 'Payments of orders: authorized, captured, voided, refunded' },
  start,
}

function start(context: Context): Running {
  const { pool, pools, now, log, registry, logGrown, value } = context
  const metrics = createPaymentMetrics(registry, pool)
  const orders: FollowedOrders = { expiresAfterMs: value(unpaidExpiresAfterMs), parts: () => othersOf(context, own) }
  const writer = createWriter(context, metrics, orders)
  const inbox = createProviderInbox({
    ...{ pool, now, log, registry, isClockRight: context.isClockRight },
    providers: () => providers.byName,
    apply: (provider, report) => applyProviderReport({ pool, commands, now }, provider, report),
    noteUnmatched: (provider, report) => noteUnmatched({ pool, now }, provider, report),
  })
  const providers = startProviders(context, inbox)
  const rules = rulesOf(context, providers)
  const own: StatusChangePart = followOrders(rules, orders)
  const calls = createProviderCalls({ metrics, log, keepReference: keepReference(writer, rules) })
  const { isClockRight, paymentHooks: hooks = noHooks } = context
  const ways = { writer, calls, rules, now, isClockRight, hooks }
  const commands = createPaymentCommands(ways)
  const [checkout, refunds] = [createCheckoutCommands(ways), createRefundCommands(ways)]
  paymentsApi.offer(context, { commands, checkout, refunds, writer, rules })
  const stop = new AbortController()
  const reads = { single: pools.single, lists: pools.lists, providers: providers.byName, logGrown, stop: stop.signal }
  return {
    routes: [
      ...readRoutes(reads),
      ...moneyRoutes({ pool: pools.single, commands, providers: providers.byName }),
      ...issueRoutes({ pool, single: pools.single, lists: pools.lists, writer, commands, rules, now }),
      ...providers.routes,
      ...inbox.routes,
    ],
    workers: [
      {
        name: 'payment settlement',
        run: stop => runSettlement({ pool, writer, commands, rules, now, log }, stop),
      },
      ...providers.workers,
      ...inbox.workers,
    ],
    statusChanges: [own],
    findUnderPayment,
    endStreams: () => stop.abort(),
    drain: deadlineMs => writer.close(deadlineMs),
  }
}

/** What other modules do when a payment confirms orders. */
function othersOf({ running }: Context, own: StatusChangePart): StatusChangePart[] {
  return running().flatMap(({ statusChanges = [] }) => statusChanges.filter(part => part !== own))
}

function createWriter(context: Context, metrics: PaymentMetrics, orders: FollowedOrders): PaymentWriter {
  const { pools, now, logGrown } = context
  const { cache } = ordersApi.of(context)
  return createPaymentWriter({
    pool: pools.commands,
    now,
    orders,
    onCommitted(decided, changed) {
      for (const order of changed) cache.change(order)
      if (decided.length > 0) logGrown.notify()
      for (const { changes } of decided) {
        for (const { kind, state } of changes.operations) {
          if (state === 'succeeded' || state === 'failed' || state === 'unknown') metrics.settled(kind, state)
        }
      }
    },
  })
}

function startProviders({ pool, now, log, basePath, isLocal, value }: Context, inbox: ProviderInbox): Providers {
  const deliver: DeliverEvent = (headers, body) => inbox.deliver('sandbox', headers, body)
  const isSandboxOn = isLocal || value(paymentSandbox)
  const apiKey = value(stripeApiKey)
  const stripe = { apiKey, apiBase: value(stripeApiBase), webhookSecrets: value(stripeWebhookSecrets) }
  return providersOf([
    ...(isSandboxOn ? [createSandbox({ pool, now, log, basePath, deliver })] : []),
    ...(apiKey === '' ? [] : [{ provider: createStripeProvider(stripe) }]),
  ])
}

function rulesOf({ value }: Context, { byName }: Providers): PaymentRules {
  return {
    confirmOn: value(confirmOn),
    latePolicy: value(paymentLatePolicy),
    holdMaxMs: value(paymentHoldMaxMinutes) * 60_000,
    providers: byName,
  }
}
