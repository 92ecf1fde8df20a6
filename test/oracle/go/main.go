// The oracle answers what kube-scheduler's own plugins say: one JSON case a line on standard input, one verdict a
// line on standard output. It runs the in-tree plugins of the default profile; nothing is started and no API server
// is asked. See test/oracle/oracle.ts for the shapes.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	resourceslicetracker "k8s.io/dynamic-resource-allocation/resourceslice/tracker"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	corev1 "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/pkg/features"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	schedulercache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/dynamicresources"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/nodevolumelimits"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
	"k8s.io/kubernetes/pkg/scheduler/util/assumecache"
	kjson "sigs.k8s.io/json"
)

type schedulingCase struct {
	Nodes       []*v1.Node           `json:"nodes"`
	Pods        []*v1.Pod            `json:"pods"`
	Nominated   []*v1.Pod            `json:"nominated"`
	Namespaces  []*v1.Namespace      `json:"namespaces"`
	Services    []*v1.Service        `json:"services"`
	ReplicaSets []*appsv1.ReplicaSet `json:"replicaSets"`
	Pod         *v1.Pod              `json:"pod"`
	Storage     storageObjects       `json:"storage"`
}

type storageObjects struct {
	PersistentVolumes      []*v1.PersistentVolume        `json:"persistentVolumes"`
	PersistentVolumeClaims []*v1.PersistentVolumeClaim   `json:"persistentVolumeClaims"`
	StorageClasses         []*storagev1.StorageClass     `json:"storageClasses"`
	CSINodes               []*storagev1.CSINode          `json:"csiNodes"`
	CSIDrivers             []*storagev1.CSIDriver        `json:"csiDrivers"`
	VolumeAttachments      []*storagev1.VolumeAttachment `json:"volumeAttachments"`
}

type refusal struct {
	Plugin     string   `json:"plugin"`
	Reasons    []string `json:"reasons"`
	Resolvable bool     `json:"resolvable"`
}

type verdict struct {
	// Refused before any node was looked at.
	Pod      *refusal                    `json:"pod,omitempty"`
	Refusals map[string]*refusal         `json:"refusals"`
	Feasible []string                    `json:"feasible"`
	Scores   map[string]map[string]int64 `json:"scores"`
	Error    string                      `json:"error,omitempty"`
}

// snapshotLister hands out the snapshot of the case at hand, so that one framework serves all cases.
type snapshotLister struct{ *schedulercache.Snapshot }

// nominations stands for the queue, as far as the filters ask it: which waiting pods is a node promised to.
type nominations struct{ byNode map[string][]fwk.PodInfo }

func (*nominations) AddNominatedPod(klog.Logger, fwk.PodInfo, *fwk.NominatingInfo) {}
func (*nominations) DeleteNominatedPodIfExists(*v1.Pod)                            {}
func (*nominations) UpdateNominatedPod(klog.Logger, *v1.Pod, fwk.PodInfo)          {}
func (n *nominations) NominatedPodsForNode(node string) []fwk.PodInfo              { return n.byNode[node] }

func (n *nominations) replace(pods []*v1.Pod) error {
	n.byNode = map[string][]fwk.PodInfo{}
	for _, pod := range pods {
		corev1.SetObjectDefaults_Pod(pod)
		info, err := framework.NewPodInfo(pod)
		if err != nil {
			return err
		}
		node := pod.Status.NominatedNodeName
		n.byNode[node] = append(n.byNode[node], info)
	}
	return nil
}

type oracle struct {
	framework   framework.Framework
	informers   informers.SharedInformerFactory
	lister      *snapshotLister
	nominations *nominations
}

func main() {
	if err := run(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "scheduler oracle:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, in io.Reader, out io.Writer) error {
	oracle, err := newOracle(ctx)
	if err != nil {
		return err
	}
	// Cases are longer than what a bufio.Scanner takes for a line.
	reader := bufio.NewReaderSize(in, 1<<20)
	writer := bufio.NewWriter(out)
	defer writer.Flush()
	encoder := json.NewEncoder(writer)
	for {
		line, err := reader.ReadBytes('\n')
		if len(line) > 1 {
			verdict, judgeErr := oracle.answer(ctx, line)
			if judgeErr != nil {
				verdict.Error = judgeErr.Error()
			}
			if err := encoder.Encode(verdict); err != nil {
				return err
			}
			if reader.Buffered() == 0 {
				writer.Flush()
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func newOracle(ctx context.Context) (*oracle, error) {
	// The framework records durations, and panics where the metrics do not exist.
	metrics.Register()
	config, err := latest.Default()
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(&rest.Config{Host: "never-asked.invalid"})
	if err != nil {
		return nil, err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	claims := assumecache.NewAssumeCache(
		klog.FromContext(ctx), factory.Resource().V1().ResourceClaims().Informer(), "ResourceClaim", "", nil)
	// Without device taint rules the tracker wraps the informer and watches nothing itself.
	slices, err := resourceslicetracker.StartTracker(ctx, resourceslicetracker.Options{
		EnableConsumableCapacity: utilfeature.DefaultFeatureGate.Enabled(features.DRAConsumableCapacity),
		SliceInformer:            factory.Resource().V1().ResourceSlices(),
		KubeClient:               client,
	})
	if err != nil {
		return nil, err
	}
	lister := &snapshotLister{}
	nominations := &nominations{}
	built, err := frameworkruntime.NewFramework(ctx, plugins.NewInTreeRegistry(), &config.Profiles[0],
		frameworkruntime.WithInformerFactory(factory),
		frameworkruntime.WithClientSet(client),
		frameworkruntime.WithParallelism(1),
		frameworkruntime.WithSnapshotSharedLister(lister),
		frameworkruntime.WithSharedDRAManager(dynamicresources.NewDRAManager(ctx, claims, slices, factory)),
		frameworkruntime.WithSharedCSIManager(
			nodevolumelimits.NewCSIManager(factory.Storage().V1().CSINodes().Lister())),
		frameworkruntime.WithPodNominator(nominations),
	)
	if err != nil {
		return nil, err
	}
	return &oracle{framework: built, informers: factory, lister: lister, nominations: nominations}, nil
}

func (o *oracle) answer(ctx context.Context, line []byte) (verdict, error) {
	var input schedulingCase
	// Strictly: a misspelt field of a generator must not pass for an absent one.
	strictErrors, err := kjson.UnmarshalStrict(line, &input)
	if err := errors.Join(append(strictErrors, err)...); err != nil {
		return verdict{}, err
	}
	if err := o.load(input); err != nil {
		return verdict{}, err
	}
	return o.judge(ctx, input.Pod)
}

func (o *oracle) load(input schedulingCase) error {
	// JSON carries none of the API server's defaults: without them limits would not count as requests.
	corev1.SetObjectDefaults_Pod(input.Pod)
	for _, pod := range input.Pods {
		corev1.SetObjectDefaults_Pod(pod)
	}
	core := o.informers.Core().V1()
	if err := replace(core.Namespaces().Informer(), input.Namespaces); err != nil {
		return err
	}
	if err := replace(core.Services().Informer(), input.Services); err != nil {
		return err
	}
	if err := replace(core.Nodes().Informer(), input.Nodes); err != nil {
		return err
	}
	if err := replace(o.informers.Apps().V1().ReplicaSets().Informer(), input.ReplicaSets); err != nil {
		return err
	}
	if err := o.loadStorage(input.Storage); err != nil {
		return err
	}
	o.lister.Snapshot = schedulercache.NewSnapshot(input.Pods, input.Nodes)
	return o.nominations.replace(input.Nominated)
}

func (o *oracle) loadStorage(input storageObjects) error {
	core, storage := o.informers.Core().V1(), o.informers.Storage().V1()
	return errors.Join(
		replace(core.PersistentVolumes().Informer(), input.PersistentVolumes),
		replace(core.PersistentVolumeClaims().Informer(), input.PersistentVolumeClaims),
		replace(storage.StorageClasses().Informer(), input.StorageClasses),
		replace(storage.CSINodes().Informer(), input.CSINodes),
		replace(storage.CSIDrivers().Informer(), input.CSIDrivers),
		replace(storage.VolumeAttachments().Informer(), input.VolumeAttachments),
	)
}

func replace[T any](informer cache.SharedIndexInformer, objects []T) error {
	items := make([]any, len(objects))
	for i, object := range objects {
		items[i] = object
	}
	return informer.GetIndexer().Replace(items, "1")
}

func (o *oracle) judge(ctx context.Context, pod *v1.Pod) (verdict, error) {
	result := verdict{Refusals: map[string]*refusal{}, Feasible: []string{}, Scores: map[string]map[string]int64{}}
	infos, err := o.lister.NodeInfos().List()
	if err != nil {
		return result, err
	}
	infos = append([]fwk.NodeInfo{}, infos...)
	sort.Slice(infos, func(i, j int) bool { return infos[i].Node().Name < infos[j].Node().Name })

	state := framework.NewCycleState()
	candidates, status, narrowedBy := o.framework.RunPreFilterPlugins(ctx, state, pod)
	if !status.IsSuccess() {
		if !status.IsRejected() {
			return result, status.AsError()
		}
		result.Pod = toRefusal(status)
		return result, nil
	}
	var feasible []fwk.NodeInfo
	for _, info := range infos {
		name := info.Node().Name
		if !candidates.AllNodes() && !candidates.NodeNames.Has(name) {
			// As in schedule_one.go, findNodesThatFitPod.
			plugins := narrowedBy.UnsortedList()
			sort.Strings(plugins)
			reason := fmt.Sprintf("node(s) didn't satisfy plugin(s) %v", plugins)
			result.Refusals[name] = &refusal{Plugin: plugins[0], Reasons: []string{reason}}
			continue
		}
		status := o.framework.RunFilterPluginsWithNominatedPods(ctx, state, pod, info)
		switch {
		case status.IsSuccess():
			feasible = append(feasible, info)
			result.Feasible = append(result.Feasible, name)
		case status.IsRejected():
			result.Refusals[name] = toRefusal(status)
		default:
			return result, status.AsError()
		}
	}
	if len(feasible) == 0 {
		return result, nil
	}
	return result, o.score(ctx, state, pod, feasible, result.Scores)
}

// score scores even a single feasible node, which the running scheduler does not.
func (o *oracle) score(
	ctx context.Context, state fwk.CycleState, pod *v1.Pod, feasible []fwk.NodeInfo, into map[string]map[string]int64,
) error {
	if status := o.framework.RunPreScorePlugins(ctx, state, pod, feasible); !status.IsSuccess() {
		return status.AsError()
	}
	scores, status := o.framework.RunScorePlugins(ctx, state, pod, feasible)
	if !status.IsSuccess() {
		return status.AsError()
	}
	for _, node := range scores {
		parts := map[string]int64{}
		for _, part := range node.Scores {
			parts[part.Name] = part.Score
		}
		into[node.Name] = parts
	}
	return nil
}

func toRefusal(status *fwk.Status) *refusal {
	return &refusal{
		Plugin:     status.Plugin(),
		Reasons:    status.Reasons(),
		Resolvable: status.Code() != fwk.UnschedulableAndUnresolvable,
	}
}
