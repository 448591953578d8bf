import { AppError, type ErrorCode } from '../errors.ts'
import type { Return } from './return.ts'

/** A command is refused: an answer, not a fault. */
export function refuse(code: ErrorCode, detail: string): never {
  throw new AppError(code, detail)
}

export function returnNotFound(returnId: string): AppError {
  return new AppError('RETURN_NOT_FOUND', `no return is stored under ${returnId}`)
}

/** The return is in a state that does not allow a command. @param what such as `approved` */
export function refuseState({ state }: Return, what: string): never {
  throw new AppError('RETURN_STATE_REFUSED', `a return that is ${state} cannot be ${what}`)
}
