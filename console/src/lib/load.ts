/** Runs a call to the centre and gives its error instead of throwing it: what every screen does around a request. */
import { ApiError } from './api';
import type { Text } from './types';

export type Tried<T> = { value: T; error: null } | { value: null; error: ApiError };

/** The whole error, for who shows refusals as cards or asks again by itself. */
export async function tried<T>(act: () => Promise<T>): Promise<Tried<T>> {
  try {
    return { value: await act(), error: null };
  } catch (problem) {
    if (!(problem instanceof ApiError)) throw problem;
    return { value: null, error: problem };
  }
}

/** The error as a sentence. */
export async function attempt<T>(act: () => Promise<T>): Promise<{ value: T; error: null } | { value: null; error: Text }> {
  const outcome = await tried(act);
  return outcome.error ? { value: null, error: outcome.error.text } : outcome;
}
