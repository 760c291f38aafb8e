// For tests only. A bare machine has git, Node, npm and a shell; a test that starts any other program asks for it by name
// with `needs` or `needing`, and starts it with the functions of `./processes`, which know what was asked for.
export { needing, needs } from './needs.ts'
export { pathOf, programsIn } from './programs.ts'
