import { EngineMissing } from './engine';

/**
 * Work in which a pattern may be compiled; where one needs the engine and it is not there yet, it is loaded and the work is
 * done from its start once more. So nothing may have changed where a pattern does not compile.
 */
export async function withEngine<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EngineMissing)) {
      throw error;
    }
    await import(/* webpackChunkName: "re2" */ './re2');
    return work();
  }
}
