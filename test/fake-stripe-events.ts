import Stripe from 'stripe'

const stripe = new Stripe('sk_test_fake')

/**
 * Signs an event as Stripe does.
 *
 * @param atMs the time of the signature, in milliseconds since 1970
 */
export async function signStripeEvent(
  event: object,
  atMs: number,
  secret: string,
): Promise<{ header: string; body: string }> {
  const body = JSON.stringify(event)
  const timestamp = Math.floor(atMs / 1000)
  return { header: await stripe.webhooks.generateTestHeaderStringAsync({ payload: body, secret, timestamp }), body }
}
