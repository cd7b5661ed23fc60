from . import answers, bodies, channel_states, requests

OPERATIONS = (
    answers.OPERATIONS
    | bodies.OPERATIONS
    | channel_states.OPERATIONS
    | requests.OPERATIONS
)
