import { AppError, type ErrorCode } from '../errors.ts'
import type { Shipment } from './shipment.ts'

/** A command is refused: an answer, not a fault. */
export function refuse(code: ErrorCode, detail: string): never {
  throw new AppError(code, detail)
}

export function shipmentNotFound(shipmentId: string): AppError {
  return new AppError('SHIPMENT_NOT_FOUND', `no shipment is stored under ${shipmentId}`)
}

/** The shipment is in a state that does not allow a command. @param what such as `packed` */
export function refuseState({ state }: Shipment, what: string): never {
  throw new AppError('SHIPMENT_STATE_REFUSED', `a shipment that is ${state} cannot be ${what}`)
}
