"""What the chapter on automatic differentiation claims, held over draws."""

import torch

from bookpress.checks.claims import claim
from notebook_utils import make_spiral

RATE, STEPS = 0.5, 1000


class _Forgetful(torch.autograd.Function):
    """A ReLU whose way back forgets its slope: the adjoint passes as it is."""

    @staticmethod
    def forward(ctx, o):
        return torch.relu(o)

    @staticmethod
    def backward(ctx, upstream):
        return upstream


def _losses(draw, rectify):
    """First and last loss of a 2-24-24-1 network on the spiral, by gradient descent."""
    points, arms = make_spiral()
    x, y = torch.tensor(points), torch.tensor(arms.reshape(-1, 1)).double()
    torch.manual_seed(draw)
    one, two, three = (
        torch.nn.Linear(into, out).double()
        for into, out in [(2, 24), (24, 24), (24, 1)]
    )
    parameters = [p for layer in (one, two, three) for p in layer.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=RATE)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        o = three(rectify(two(rectify(one(x)))))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(o, y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses[0], losses[-1]


@claim(draws=20)
def a_wrong_gradient_lowers_the_loss(draw):
    """Of a 2-24-24-1 ReLU network on the spiral, trained by 1 000 steps at rate 0.5
    with 1 for the slope of its ReLUs everywhere, the loss ends lower than it began.
    """
    first, last = _losses(draw, _Forgetful.apply)
    return last < first, last


@claim(draws=20)
def the_right_gradient_ends_lower(draw):
    """From the same start, the right gradient of that network ends at a lower loss
    after 1 000 steps at rate 0.5 than the one that leaves the ReLUs' slope out.
    """
    _, wrong = _losses(draw, _Forgetful.apply)
    _, right = _losses(draw, torch.relu)
    return right < wrong, right
