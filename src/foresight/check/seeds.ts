/**
 * Each simulation draws from a seed of its own: one that goes on from the objects of another with the same seed would
 * give new objects the names and uids that old ones have.
 */
export const SEEDS = {staging: 1001, foresight: 1002, rollouts: 1003} as const;
