/**
 * Every error the product can answer with, once: its code, its HTTP status, its title, and what a consumer of a
 * message stream does about it. Imports nothing, so that any layer may throw one.
 */
type Policy = {
  /** The HTTP status it is answered with. */
  status: number
  /** What becomes of a Kafka message that met it: kept aside for a person, or tried again later. */
  consumer: 'dead-letter' | 'retry'
  title: string
}

export const catalogue = {
  ORDER_INVALID: { status: 400, consumer: 'dead-letter', title: 'The order breaks the contract' },
  ORDER_CONFLICT: { status: 409, consumer: 'dead-letter', title: 'This order_uid is taken by another order' },
  OUT_OF_STOCK: { status: 409, consumer: 'dead-letter', title: 'Too little of an item is in stock' },
  ORDER_REFUSED_BY_STORE: { status: 500, consumer: 'dead-letter', title: 'The database refused the order' },
  ORDER_UNPROCESSABLE: { status: 500, consumer: 'dead-letter', title: 'The order broke its handling each time' },
  ORDER_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such order' },
  COMMAND_INVALID: { status: 400, consumer: 'dead-letter', title: 'The command breaks the contract' },
  COMMAND_UNPROCESSABLE: { status: 500, consumer: 'dead-letter', title: 'The command broke its handling each time' },
  TRANSITION_REFUSED: { status: 409, consumer: 'dead-letter', title: 'The order is in a state that forbids it' },
  WOULD_REPRICE: { status: 409, consumer: 'dead-letter', title: 'The price of the order would change' },
  ORDER_SHIPPED: { status: 409, consumer: 'dead-letter', title: 'Something of the order has left already' },
  VERSION_STALE: { status: 412, consumer: 'dead-letter', title: 'The order has changed in the meantime' },
  DEAD_LETTER_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such dead letter' },
  DEAD_LETTER_TAKEN: {
    status: 409,
    consumer: 'dead-letter',
    title: 'Somebody else has dealt with this dead letter, or does',
  },
  IDEMPOTENCY_KEY_IN_USE: {
    status: 409,
    consumer: 'retry',
    title: 'A request with this Idempotency-Key is still running',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    consumer: 'dead-letter',
    title: 'The Idempotency-Key belongs to another request',
  },
  IDEMPOTENCY_KEY_REQUIRED: { status: 400, consumer: 'dead-letter', title: 'An Idempotency-Key is needed' },
  PAYMENT_INVALID: { status: 400, consumer: 'dead-letter', title: 'The request about a payment is not valid' },
  PAYMENT_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such payment' },
  PAYMENT_IN_PROGRESS: { status: 409, consumer: 'retry', title: 'Something else is under way' },
  PAYMENT_EXCEEDS_ORDER: { status: 409, consumer: 'dead-letter', title: 'It is more than is left to be paid' },
  PAYMENT_STATE_REFUSED: { status: 409, consumer: 'dead-letter', title: 'The payment is in a state that forbids it' },
  REFUND_EXCEEDS_CAPTURED: { status: 409, consumer: 'dead-letter', title: 'It is more than can be refunded' },
  CAPTURE_EXCEEDS_AUTHORIZED: { status: 409, consumer: 'dead-letter', title: 'It is more than can be captured' },
  AMOUNT_UNREPRESENTABLE: {
    status: 422,
    consumer: 'dead-letter',
    title: 'The provider cannot represent the amount',
  },
  CARD_DATA_REFUSED: { status: 422, consumer: 'dead-letter', title: 'Card numbers are not accepted' },
  PROVIDER_UNKNOWN: { status: 422, consumer: 'dead-letter', title: 'There is no such payment provider' },
  ISSUE_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such payment issue' },
  RECONCILIATION_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such reconciliation' },
  ISSUE_RESOLVED: { status: 409, consumer: 'dead-letter', title: 'The payment issue is resolved already' },
  ITEM_INVALID: { status: 400, consumer: 'dead-letter', title: 'The item is not valid' },
  ITEM_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such item' },
  LOCATION_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such location' },
  LOCATIONS_TOO_MANY: { status: 409, consumer: 'dead-letter', title: 'There are as many locations as there may be' },
  STOCK_INVALID: { status: 400, consumer: 'dead-letter', title: 'The movement or count is not valid' },
  STOCK_UNPROCESSABLE: {
    status: 500,
    consumer: 'dead-letter',
    title: 'The movement or count broke its handling each time',
  },
  STOCK_INSUFFICIENT: { status: 409, consumer: 'dead-letter', title: 'There is not enough stock for it' },
  STOCK_CHANGED: { status: 409, consumer: 'dead-letter', title: 'The stock is another than was expected' },
  STOCK_CONFLICT: { status: 409, consumer: 'dead-letter', title: 'This external_id is taken by something else' },
  CATALOGUE_NOT_EMPTY: { status: 409, consumer: 'dead-letter', title: 'There are items already' },
  STOCK_ELSEWHERE: { status: 409, consumer: 'dead-letter', title: 'It is reserved at another location' },
  SHIPMENT_INVALID: { status: 400, consumer: 'dead-letter', title: 'The shipment is not valid' },
  SHIPMENT_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such shipment' },
  SHIPMENT_UNIT_TAKEN: { status: 409, consumer: 'dead-letter', title: 'A unit is in another shipment' },
  SHIPMENT_STATE_REFUSED: { status: 409, consumer: 'dead-letter', title: 'The shipment is in a state that forbids it' },
  SHIPMENT_ORDER_REFUSED: { status: 409, consumer: 'dead-letter', title: 'The order is in a state that forbids it' },
  SHIPMENT_UNPAID: { status: 409, consumer: 'dead-letter', title: 'What is not paid is not shipped' },
  RETURN_INVALID: { status: 400, consumer: 'dead-letter', title: 'The return is not valid' },
  RETURN_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such return' },
  RETURN_UNIT_NOT_SHIPPED: { status: 409, consumer: 'dead-letter', title: 'A unit has not left, or is back' },
  RETURN_UNIT_TAKEN: { status: 409, consumer: 'dead-letter', title: 'A unit is in another return' },
  RETURN_UNIT_RECEIVED: { status: 409, consumer: 'dead-letter', title: 'A unit has come in as something else' },
  RETURN_STATE_REFUSED: { status: 409, consumer: 'dead-letter', title: 'The return is in a state that forbids it' },
  CART_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such cart, or the token is not its own' },
  CART_STATE_REFUSED: { status: 409, consumer: 'dead-letter', title: 'The cart is in a state that forbids it' },
  CART_VERSION_STALE: { status: 412, consumer: 'dead-letter', title: 'The cart has changed in the meantime' },
  CART_LINE_REFUSED: { status: 409, consumer: 'dead-letter', title: 'The cart cannot have that much of the item' },
  CART_INCOMPLETE: { status: 409, consumer: 'dead-letter', title: 'Something is missing for the checkout' },
  CART_CHANGED: { status: 409, consumer: 'dead-letter', title: 'The total is not the one that was expected' },
  CHECKOUT_IN_PROGRESS: { status: 409, consumer: 'retry', title: 'The checkout is under way' },
  DISCOUNT_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such discount code' },
  DELIVERY_METHOD_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such delivery method' },
  TAX_RATE_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such tax rate' },
  TAX_RATE_CONFLICT: { status: 409, consumer: 'dead-letter', title: 'Another tax rate is for the same' },
  PRICES_TOO_MANY: { status: 409, consumer: 'dead-letter', title: 'There are as many as there may be' },
  TRACKING_INVALID: { status: 400, consumer: 'dead-letter', title: 'The report of a carrier is not valid' },
  TRACKING_UNPROCESSABLE: { status: 500, consumer: 'dead-letter', title: 'The report broke its handling each time' },
  PARCEL_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'Nothing is known of this tracking number' },
  TRACKING_PAGE_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'The link is unknown, or has expired' },
  CARRIER_UNKNOWN: { status: 404, consumer: 'dead-letter', title: 'There is no such carrier' },
  WEBHOOK_SIGNATURE_INVALID: {
    status: 400,
    consumer: 'dead-letter',
    title: 'The event is not one that the provider has signed now',
  },
  WEBHOOK_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such webhook' },
  WEBHOOKS_TOO_MANY: { status: 409, consumer: 'dead-letter', title: 'There are as many webhooks as there may be' },
  DELIVERY_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such delivery' },
  EVENT_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'The log has no such event' },
  REQUEST_INVALID: { status: 400, consumer: 'dead-letter', title: 'The request is not valid' },
  REQUEST_TIMEOUT: { status: 408, consumer: 'retry', title: 'The request did not come in time' },
  BODY_TOO_LARGE: { status: 413, consumer: 'dead-letter', title: 'The body is too large' },
  NOT_ACCEPTABLE: { status: 406, consumer: 'dead-letter', title: 'Nothing that is accepted can be answered' },
  HEAD_TOO_LARGE: { status: 431, consumer: 'dead-letter', title: 'The head of the request is too large' },
  EXPECTATION_FAILED: { status: 417, consumer: 'dead-letter', title: 'The expectation cannot be met' },
  HTTP_VERSION_UNSUPPORTED: { status: 505, consumer: 'dead-letter', title: 'The version of HTTP is not supported' },
  TRANSFER_CODING_UNSUPPORTED: { status: 501, consumer: 'dead-letter', title: 'The transfer coding is not supported' },
  MEDIA_TYPE_UNSUPPORTED: { status: 415, consumer: 'dead-letter', title: 'The media type is not supported' },
  CONTENT_CODING_UNSUPPORTED: { status: 415, consumer: 'dead-letter', title: 'The content coding is not supported' },
  KEY_MISSING: { status: 401, consumer: 'dead-letter', title: 'An API key is needed' },
  KEY_UNKNOWN: { status: 401, consumer: 'dead-letter', title: 'The API key is not known' },
  KEY_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is no such API key' },
  KEY_IS_LAST: { status: 409, consumer: 'dead-letter', title: 'The last API key is needed' },
  KEYS_TOO_MANY: { status: 409, consumer: 'dead-letter', title: 'There are as many API keys as there may be' },
  SCOPE_MISSING: { status: 403, consumer: 'dead-letter', title: 'The API key does not have the scope' },
  ORIGIN_REFUSED: { status: 403, consumer: 'dead-letter', title: 'Without API keys only this machine is served' },
  CURSOR_DROPPED: { status: 410, consumer: 'dead-letter', title: 'What comes after this cursor was dropped' },
  ROUTE_NOT_FOUND: { status: 404, consumer: 'dead-letter', title: 'There is nothing at this address' },
  METHOD_NOT_ALLOWED: { status: 405, consumer: 'dead-letter', title: 'The method is not allowed here' },
  ORDER_LOCKED: { status: 503, consumer: 'retry', title: 'The order is being changed by somebody else' },
  TOO_MANY_REQUESTS: { status: 429, consumer: 'retry', title: 'Too much is asked without a key' },
  OVERLOADED: { status: 503, consumer: 'retry', title: 'The service has more to do than it can' },
  STORE_UNAVAILABLE: { status: 503, consumer: 'retry', title: 'The database cannot be reached' },
  RESOLVER_UNAVAILABLE: { status: 503, consumer: 'retry', title: 'The name of a host cannot be resolved now' },
  KAFKA_UNAVAILABLE: { status: 503, consumer: 'retry', title: 'Kafka cannot be reached' },
  STOPPING: { status: 503, consumer: 'retry', title: 'The service is stopping' },
  INTERNAL: { status: 500, consumer: 'retry', title: 'Something went wrong inside the service' },
} as const satisfies Record<string, Policy>

export type ErrorCode = keyof typeof catalogue

/** One thing that is wrong with an input: where (RFC 6901 JSON Pointer, '' is the whole) and what was expected. */
export type Violation = { pointer: string; detail: string }

/** A refusal or a failure with a code of the catalogue; boundaries turn it into an answer. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly violations: readonly Violation[]
  /** Further members of the problem document, such as a cart with its new total. */
  readonly members: Readonly<Record<string, unknown>>

  /**
   * @param code which of the catalogue
   * @param detail what happened this time, in a sentence for the caller; holds no secret and no recipient data
   * @param options violations: what is wrong with the input; members: what the answer tells beside it (RFC 9457, 3.2); cause: the error
   *   behind it, for the log
   */
  constructor(
    code: ErrorCode,
    detail: string,
    options: {
      violations?: readonly Violation[] | undefined
      members?: Readonly<Record<string, unknown>> | undefined
      cause?: unknown
    } = {},
  ) {
    super(detail, { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.violations = options.violations ?? []
    this.members = options.members ?? {}
  }
}
