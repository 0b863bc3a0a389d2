using SdsServer.Benchmarks.Envoys;
using SdsServer.Benchmarks.Servers;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Benchmarks.Goals;

/// <summary>Makes the real server push a bundle to everyone, again and again: a rotation that begins, and is turned back before its root signs.</summary>
internal sealed class BundlePusher(SdsServerProcess server, Swarm swarm)
{
    private string? _rotation;

    /// <summary>Sends one bundle to every stream.</summary>
    public async Task<PushFigures> PushAsync()
    {
        if (_rotation is null)
        {
            StartRotationRequest start = await server.Admin.PrepareStartAsync(manual: true);
            return await PushFigures.MeasureAsync(server, swarm, async () => _rotation = await server.Admin.StartAsync(start));
        }

        string rotation = _rotation;
        await server.Admin.RollBackAsync(rotation);
        AdvanceRotationRequest drop = await server.Admin.PrepareAdvanceAsync(rotation);
        PushFigures figures = await PushFigures.MeasureAsync(server, swarm, () => server.Admin.AdvanceAsync(drop));
        await server.Admin.EndAsync(rotation);
        _rotation = null;
        return figures;
    }
}
