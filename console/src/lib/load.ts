/** Runs a call to the centre and gives its error as a sentence: what every screen does around a request. */
import { ApiError } from './api';
import type { Text } from './types';

export async function attempt<T>(act: () => Promise<T>): Promise<{ value: T; error: null } | { value: null; error: Text }> {
  try {
    return { value: await act(), error: null };
  } catch (problem) {
    if (!(problem instanceof ApiError)) throw problem;
    return { value: null, error: problem.text };
  }
}
